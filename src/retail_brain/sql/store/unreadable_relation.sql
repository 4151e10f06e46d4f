-- one row per table or sequence that this login may not read, and so cannot dump: what it is and its name
select
  case when pg_class.relkind = 'S' then 'sequence' else 'table' end as kind,
  pg_class.oid::regclass::text as name
from pg_class
join pg_namespace on pg_namespace.oid = pg_class.relnamespace
where pg_class.relkind in ('r', 'p', 'm', 'S')
  and pg_namespace.nspname !~ '^pg_'
  and pg_namespace.nspname <> 'information_schema'
  and not (
    has_schema_privilege(pg_namespace.oid, 'usage')
    and case
      when pg_class.relkind = 'S' then has_sequence_privilege(pg_class.oid, 'select')
      else has_table_privilege(pg_class.oid, 'select')
    end
  )
order by pg_class.relkind, pg_namespace.nspname, pg_class.relname
