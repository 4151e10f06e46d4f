-- one row when the token is still the newest: the id of the new run
with held as (
  select token
  from lease
  where name = 'run'
    and token = %(token)s
    and holder is not null
  for update
),
begun as (
  insert into run (lease_token, holder, model_id)
  select
    token,
    %(holder)s::text,
    %(model_id)s::text
  from held
  returning run_id
),
pointed as (
  update lease
  set run_id = begun.run_id
  from begun
  where lease.name = 'run'
)

select run_id
from begun
