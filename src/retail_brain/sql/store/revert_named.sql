-- one row per record of a list that the log names from somewhere on: the first row that does so, and the profile that the record was in before it
select distinct on (record_no)
  record_no,
  merge_id,
  profile_id
from (
  select
    record_no_l as record_no,
    merge_id,
    profile_id_l as profile_id
  from identity_merge_log
  where merge_id > %(last_merge_id)s
    and record_no_l = any(%(record_nos)s)
  union all
  select
    record_no_r,
    merge_id,
    profile_id_r
  from identity_merge_log
  where merge_id > %(last_merge_id)s
    and record_no_r = any(%(record_nos)s)
) as named
where profile_id is not null
order by
  record_no,
  merge_id
