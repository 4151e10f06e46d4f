-- one row: who holds the lease, for which run, and the last sign of life
select
  holder,
  run_id,
  renewed_at
from lease
where name = 'run'
