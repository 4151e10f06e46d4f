-- one row per live merge that touches one of the records
select
  made.record_no_l,
  made.record_no_r,
  made.run_id
from identity_merge_log as made
where made.kind = 'merge'
  and (made.record_no_l = any(%(numbers)s) or made.record_no_r = any(%(numbers)s))
  and not exists (select from identity_merge_log as undone where undone.inverts = made.merge_id)
