-- one row: whether the database is there, and how many sessions are open in it
select
  exists (select from pg_database where datname = %(name)s),
  (select count(*) from pg_stat_activity where datname = %(name)s)
