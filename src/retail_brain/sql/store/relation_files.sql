-- One row per table named, and per index of one: its file below the server's data folder, without the numbers of its parts, and its bytes.
select pg_relation_filepath(oid) as path, pg_relation_size(oid) as bytes
from pg_class
where
  oid = any(%(tables)s::text[]::regclass[])
  or oid in (select indexrelid from pg_index where indrelid = any(%(tables)s::text[]::regclass[]))
