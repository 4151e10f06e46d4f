-- one row per index of a table: its name, definition, and the constraint that it belongs to with that one's definition
select
  index_class.relname as index_name,
  pg_get_indexdef(pg_index.indexrelid) as index_definition,
  pg_constraint.conname as constraint_name,
  pg_get_constraintdef(pg_constraint.oid) as constraint_definition
from pg_index
join pg_class as index_class on index_class.oid = pg_index.indexrelid
left join pg_constraint on pg_constraint.conindid = pg_index.indexrelid and pg_constraint.contype in ('p', 'u')
where pg_index.indrelid = %(table)s::regclass
order by
  pg_constraint.contype is distinct from 'p',
  index_class.relname
