-- one row per record of a list that is delivered: its profile
select profile_id
from source_record
where record_no = any(%(record_nos)s)
  and profile_id is not null
