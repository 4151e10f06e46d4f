-- one row per seal, in the order of the chain
select
  seal_no,
  sealed_at::text,
  run_id,
  first_merge_id,
  last_merge_id,
  first_decision_id,
  last_decision_id,
  rows,
  rows_digest,
  previous_digest,
  digest
from log_seal
order by seal_no
