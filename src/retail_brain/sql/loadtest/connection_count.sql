-- one row: the open connections of clients, and how many there may be
select
  count(*) filter (where backend_type = 'client backend') as connections,
  current_setting('max_connections')::int as connection_limit
from pg_stat_activity
