-- nothing: adds a link to the chain
insert into log_seal (
  seal_no,
  sealed_at,
  run_id,
  first_merge_id,
  last_merge_id,
  first_decision_id,
  last_decision_id,
  rows,
  rows_digest,
  previous_digest,
  digest
)
values (
  %(seal_no)s,
  %(sealed_at)s,
  %(run_id)s,
  %(first_merge_id)s,
  %(last_merge_id)s,
  %(first_decision_id)s,
  %(last_decision_id)s,
  %(rows)s,
  %(rows_digest)s,
  %(previous_digest)s,
  %(digest)s
)
