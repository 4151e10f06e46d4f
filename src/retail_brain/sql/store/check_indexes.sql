-- one row per B-tree index that was read whole and found in order: its name; one that is not raises an error
select
  pg_class.relname,
  bt_index_check(pg_class.oid)
from pg_class
join pg_index on pg_index.indexrelid = pg_class.oid
join pg_am on pg_am.oid = pg_class.relam
where pg_am.amname = 'btree'
  and pg_class.relkind = 'i'
  and pg_class.relpersistence = 'p'
  and pg_index.indisvalid
