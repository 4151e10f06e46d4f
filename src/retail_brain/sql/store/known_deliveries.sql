-- one row per delivered file: the hash of its bytes and the run that published it first
select
  delivery_id,
  min(run_id)
from delivery
group by delivery_id
