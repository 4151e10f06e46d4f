-- one row: the number of a new decision, which keeps what its two records said when it was made
insert into identity_decision (
  kind,
  withdraws,
  record_no_l,
  record_no_r,
  row_hash_l,
  row_hash_r,
  reason,
  ticket,
  decided_by
)
select
  %(kind)s,
  %(withdraws)s,
  record_l.record_no,
  record_r.record_no,
  record_l.row_hash,
  record_r.row_hash,
  %(reason)s,
  %(ticket)s,
  %(decided_by)s
from source_record as record_l
cross join source_record as record_r
where record_l.record_no = %(record_no_l)s
  and record_r.record_no = %(record_no_r)s
returning decision_id
