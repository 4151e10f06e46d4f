-- one row per profile of the records of one source that a list names
select distinct profile_id
from source_record
where source = %(source)s
  and record_id = any(%(record_ids)s)
  and profile_id is not null
