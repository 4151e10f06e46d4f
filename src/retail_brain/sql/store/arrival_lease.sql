-- one row: whether no run is at work, so that this transaction is the only one that changes who belongs together; no row while a run is being
-- published. The lease cannot be taken until the transaction ends
with free as materialized (
  select holder is null or expires_at < clock_timestamp() as free
  from lease
  where name = 'run'
  for share skip locked
)

select
  free,
  case when free then pg_advisory_xact_lock(%(key)s)::text end
from free
