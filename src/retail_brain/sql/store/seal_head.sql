-- one row: the newest seal and how far the log reaches now; no seal before the first
select
  seal.seal_no,
  seal.digest,
  coalesce(seal.last_merge_id, 0) as sealed_merge_id,
  coalesce(seal.last_decision_id, 0) as sealed_decision_id,
  coalesce((select max(merge_id) from identity_merge_log), 0) as last_merge_id,
  coalesce((select max(decision_id) from identity_decision), 0) as last_decision_id,
  clock_timestamp()::text as now
from (select) as always
left join (
  select *
  from log_seal
  order by seal_no desc
  limit 1
) as seal on true
