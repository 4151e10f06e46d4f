-- one row: the exported snapshot and the state that it sees: run, log, seal, schema, and where the write-ahead log is
select
  pg_export_snapshot() as snapshot,
  to_char(transaction_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"') as snapshot_at,
  pg_snapshot_xmin(pg_current_snapshot())::text::bigint as snapshot_xmin,
  coalesce(
    case
      when pg_is_in_recovery() then pg_last_wal_replay_lsn()
      else pg_current_wal_lsn()
    end::text,
    ''
  ) as wal_position,
  current_setting('server_version') as server_version,
  current_database() as database,
  (select max(number) from schema_migration) as migration,
  (
    select run_id
    from run
    where generation is not null
    order by generation desc
    limit 1
  ) as run_id,
  (select coalesce(max(merge_id), 0) from identity_merge_log) as last_merge_id,
  (select coalesce(max(decision_id), 0) from identity_decision) as last_decision_id,
  coalesce(
    (
      select digest
      from log_seal
      order by seal_no desc
      limit 1
    ),
    ''
  ) as seal
