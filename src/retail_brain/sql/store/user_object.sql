-- one row per thing outside the catalogs and extensions that somebody made: its kind, its schema, its name, and whether it lies where ours do
with thing as (
  select
    'pg_class'::regclass as catalog,
    oid,
    case when relkind in ('r', 'p') then 'table' else 'other' end as kind,
    relnamespace as schema_oid,
    relname as name
  from pg_class
  where relkind in ('r', 'p', 'v', 'm', 'f', 'S', 'c')
  union all
  select
    'pg_proc'::regclass,
    oid,
    'routine',
    pronamespace,
    proname
  from pg_proc
  union all
  select
    'pg_type'::regclass,
    oid,
    'other',
    typnamespace,
    typname
  from pg_type
  where typtype in ('d', 'e', 'r')
)
select
  thing.kind,
  pg_namespace.nspname,
  thing.name,
  pg_namespace.nspname = current_schema()
from thing
join pg_namespace on pg_namespace.oid = thing.schema_oid
where pg_namespace.nspname <> 'information_schema'
  and not starts_with(pg_namespace.nspname, 'pg_')
  and not exists (
    select
    from pg_depend
    where pg_depend.classid = thing.catalog
      and pg_depend.objid = thing.oid
      and (
        pg_depend.deptype = 'e' -- of an extension
        or (pg_depend.refclassid = 'pg_class'::regclass and pg_depend.deptype in ('a', 'i') and thing.kind = 'other') -- a column's sequence
      )
  )
union all
select
  'other',
  '',
  oid::text,
  false
from pg_largeobject_metadata
order by 1, 2, 3
