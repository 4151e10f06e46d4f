-- one line per decision from one number to another: the text that is sealed. Its columns and their order never change
copy (
  select
    decision_id,
    kind,
    withdraws,
    record_no_l,
    record_no_r,
    row_hash_l,
    row_hash_r,
    reason,
    ticket,
    decided_by,
    decided_at
  from identity_decision
  where (%(first)s::bigint is null or decision_id >= %(first)s::bigint)
    and (%(last)s::bigint is null or decision_id <= %(last)s::bigint)
  order by decision_id
) to stdout
