-- one row when a run is published: the last one, the highest numbers in the log, among the decisions and the arrivals, those that it had seen, and
-- whether it took other runs back
select
  run.run_id,
  run.generation,
  run.model_id,
  (select coalesce(max(merge_id), 0) from identity_merge_log) as last_merge_id,
  (select coalesce(max(decision_id), 0) from identity_decision) as last_decision_id,
  coalesce((run.counts ->> 'seen_merge_id')::bigint, 0) as seen_merge_id,
  coalesce((run.counts ->> 'seen_decision_id')::bigint, 0) as seen_decision_id,
  (select coalesce(max(arrival_no), 0) from arrival) as last_arrival_no,
  coalesce(run.counts ? 'took_back', false) as is_revert
from run
where run.generation is not null
order by run.generation desc
limit 1
