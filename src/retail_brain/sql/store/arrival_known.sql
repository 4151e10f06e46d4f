-- one row when the source delivered the record before: its number, profile, hash and time of change
select
  record_no,
  profile_id,
  row_hash,
  updated_at
from source_record
where source = %(source)s
  and record_id = %(record_id)s
