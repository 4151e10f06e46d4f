-- one row per numbering column of the followed tables: the table, the column and what counts it
select
  c.table_name,
  c.column_name,
  pg_get_serial_sequence(format('public.%I', c.table_name), c.column_name)
from information_schema.columns as c
join journal_key() as j on j.table_name = c.table_name
where c.table_schema = 'public'
  and c.is_identity = 'YES'
