-- one row: the moment of this snapshot, the number that the next transaction gets, and of the notes that wait the newest of each
-- transaction, of the newest 200, in microseconds since 1970: none where nothing was touched
select
  clock_timestamp() as moment,
  pg_snapshot_xmax(pg_current_snapshot())::text::bigint as horizon,
  array(
    select (extract(epoch from max(touched_at)) * 1000000)::bigint
    from journal_touched
    group by xmin
    order by 1 desc
    limit 200
  ) as notes
