-- one row per client's session in the database that was told to end; renaming ends the server's own by itself
select pg_terminate_backend(pid)
from pg_stat_activity
where datname = %(name)s
  and pid <> pg_backend_pid()
  and backend_type = 'client backend'
