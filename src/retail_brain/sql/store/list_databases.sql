-- one row per database that no session is using, whose name begins so and which this login may drop: its name
select datname
from pg_database
where starts_with(datname, %(prefix)s)
  and pg_has_role(datdba, 'usage')
  and not exists (select from pg_stat_activity where pg_stat_activity.datname = pg_database.datname)
order by datname
