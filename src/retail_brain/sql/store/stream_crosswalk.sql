-- one row per record that belongs to a profile
select
  record_no,
  profile_id
from source_record
where profile_id is not null
