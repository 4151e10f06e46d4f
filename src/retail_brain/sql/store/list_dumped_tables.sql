-- one row per table that a dump of this database holds rows of: number, schema, name, bytes, and names and types of its columns
select
  pg_class.oid::bigint as oid,
  pg_namespace.nspname as schema,
  pg_class.relname as name,
  pg_table_size(pg_class.oid) as bytes,
  array(
    select attname::text
    from pg_attribute
    where attrelid = pg_class.oid
      and attnum > 0
      and not attisdropped
      and attgenerated = ''
    order by attnum
  ) as columns,
  array(
    select atttypid::regtype::text
    from pg_attribute
    where attrelid = pg_class.oid
      and attnum > 0
      and not attisdropped
      and attgenerated = ''
    order by attnum
  ) as types
from pg_class
join pg_namespace on pg_namespace.oid = pg_class.relnamespace
where pg_class.relkind = 'r'
  and pg_namespace.nspname !~ '^pg_'
  and pg_namespace.nspname <> 'information_schema'
  and not exists (
    select
    from pg_depend
    where classid = 'pg_class'::regclass
      and objid = pg_class.oid
      and deptype = 'e'
  )
order by pg_namespace.nspname, pg_class.relname
