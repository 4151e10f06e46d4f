-- one row per time limit that is lifted for this session: while a snapshot is kept for others, its session waits
select
  name,
  set_config(name, '0', false)
from pg_settings
where name in ('idle_in_transaction_session_timeout', 'transaction_timeout', 'statement_timeout', 'idle_session_timeout')
