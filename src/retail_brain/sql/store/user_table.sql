-- one row per table outside the catalogs: its schema, its name, and whether it lies where ours do
select
  schemaname,
  tablename,
  schemaname = current_schema()
from pg_tables
where schemaname not in ('pg_catalog', 'information_schema')
order by 1, 2
