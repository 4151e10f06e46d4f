-- one row: whether the server archives its write-ahead log, when it last did, when it last failed, and slots nobody reads
select
  current_setting('archive_mode') as mode,
  a.last_archived_time,
  a.last_failed_time,
  (
    select coalesce(array_agg(slot_name::text order by slot_name), '{}')
    from pg_replication_slots
    where slot_type = 'physical' and not active
  ) as idle_slots
from pg_stat_archiver as a
