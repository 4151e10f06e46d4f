-- one row per session in the database that was told to end
select pg_terminate_backend(pid)
from pg_stat_activity
where datname = %(name)s
  and pid <> pg_backend_pid()
