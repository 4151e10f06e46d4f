-- one row: the run published last, the highest numbers of the log and of the decisions, and the time of this change
select
  (select run_id from run where generation is not null order by generation desc limit 1) as run_id,
  (select coalesce(max(merge_id), 0) from identity_merge_log) as last_merge_id,
  (select coalesce(max(decision_id), 0) from identity_decision) as last_decision_id,
  clock_timestamp() as moment
