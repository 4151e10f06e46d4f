-- one row per merge that stands with both records in a list and was scored: its number, its model, its levels
select
  made.merge_id,
  made.model_id,
  made.levels
from identity_merge_log as made
where made.record_no_l = any(%(record_nos)s)
  and made.record_no_r = any(%(record_nos)s)
  and made.kind = 'merge'
  and made.levels is not null
  and made.model_id is not null
  and not exists (select from identity_merge_log as undone where undone.inverts = made.merge_id)
order by made.merge_id
