-- one row per record that some runs wrote: as it was before the first of them, and whether its values are others now
select distinct on (former.record_no)
  former.record_no,
  former.is_new,
  former.profile_id,
  not former.is_new and former.row_hash is distinct from source_record.row_hash as is_changed
from former_record as former
join source_record on source_record.record_no = former.record_no
where former.run_id = any(%(run_ids)s)
order by
  former.record_no,
  former.run_id
