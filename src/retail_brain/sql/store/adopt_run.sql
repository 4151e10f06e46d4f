-- one row when the run may go on under this lease: its id
with held as (
  select token
  from lease
  where name = 'run'
    and token = %(token)s
    and holder is not null
  for update
),
adopted as (
  update run
  set
    status = case when run.status = 'held' then 'held' else 'running' end,
    lease_token = held.token,
    holder = %(holder)s,
    ended_at = case when run.status = 'held' then run.ended_at end
  from held
  where run.run_id = %(run_id)s
    and run.status in ('running', 'held', 'failed')
  returning run.run_id
),
pointed as (
  update lease
  set run_id = adopted.run_id
  from adopted
  where lease.name = 'run'
)

select run_id
from adopted
