-- one row when the run still holds the lease under this token; the row stays locked until the transaction ends
select token
from lease
where name = 'run'
  and token = %(token)s
  and run_id = %(run_id)s
for update
