-- one row per file that some runs took in: its source and name
select
  source,
  file_name
from delivery
where run_id = any(%(run_ids)s)
  and file_name <> 'between nights'
order by
  source,
  file_name
