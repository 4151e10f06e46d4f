-- one row per record that belongs to a profile
select
  source,
  record_id,
  profile_id
from source_record
where profile_id is not null
order by
  source,
  record_id
