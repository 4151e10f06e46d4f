-- one row: the run, locked until the transaction ends
select
  status,
  generation,
  written
from run
where run_id = %(run_id)s
for update
