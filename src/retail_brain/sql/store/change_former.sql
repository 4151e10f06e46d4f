-- one row per record of a list and profile that the log says it was in before it was merged
select
  log.record_no_l as record_no,
  log.profile_id_l as profile_id
from identity_merge_log as log
where log.record_no_l = any(%(record_nos)s)
  and log.profile_id_l is not null
union
select
  log.record_no_r,
  log.profile_id_r
from identity_merge_log as log
where log.record_no_r = any(%(record_nos)s)
  and log.profile_id_r is not null
