-- nothing: puts records into the profiles that hold them from now on
update source_record
set profile_id = moved.profile_id
from unnest(%(record_nos)s::bigint[], %(profile_ids)s::uuid[]) as moved (record_no, profile_id)
where source_record.record_no = moved.record_no
