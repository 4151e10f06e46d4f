-- one row per table that a journal follows: name, columns of its key, condition, all columns, and whether rows are only ever added
select
  j.table_name,
  j.columns,
  j.condition,
  (
    select array_agg(a.attname::text order by a.attnum)
    from pg_attribute as a
    where a.attrelid = format('public.%%I', j.table_name)::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
  ) as all_columns,
  exists (
    select from pg_trigger where tgrelid = format('public.%%I', j.table_name)::regclass and tgname = 'append_only'
  ) as is_append_only
from journal_key() as j
where j.table_name = %(table_name)s
