-- one row per database that no session is using and whose name begins so: its name
select datname
from pg_database
where starts_with(datname, %(prefix)s)
  and not exists (select from pg_stat_activity where pg_stat_activity.datname = pg_database.datname)
order by datname
