-- one row per record: which profile it belongs to
select source, record_id, profile_id
from source_record
where profile_id is not null
