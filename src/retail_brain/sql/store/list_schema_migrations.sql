-- one row per applied migration: number, checksum, applied_at
select
  number,
  checksum,
  applied_at
from schema_migration
order by number
