-- one row per record that some runs wrote, or linked, or parted
select record_no
from former_record
where run_id = any(%(run_ids)s)
union
select record_no_l
from identity_merge_log
where merge_id > %(last_merge_id)s
  and run_id = any(%(run_ids)s)
union
select record_no_r
from identity_merge_log
where merge_id > %(last_merge_id)s
  and run_id = any(%(run_ids)s)
