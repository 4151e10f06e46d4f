-- one row: the moment of this snapshot, the number that the next transaction gets, and whether anything was touched
select
  clock_timestamp() as moment,
  pg_snapshot_xmax(pg_current_snapshot())::text::bigint as horizon,
  exists (select from journal_touched) as is_due
