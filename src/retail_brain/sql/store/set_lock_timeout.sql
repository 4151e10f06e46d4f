-- one row: how long this transaction waited for a lock so far; from here on it waits this long
with before as materialized (
  select current_setting('lock_timeout') as waited
)

select
  waited,
  set_config('lock_timeout', %(wait)s, true)
from before
