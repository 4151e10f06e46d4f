-- one row per merge that stands between records of member
select
  made.merge_id,
  made.cause,
  made.record_no_l,
  made.record_no_r,
  made.match_weight,
  made.match_probability,
  made.levels,
  made.blocking_rule,
  made.model_id,
  made.run_id,
  made.logged_at
from identity_merge_log as made
where made.record_no_l = any(array(select record_no from member))
  and made.kind = 'merge'
  and not exists (select from identity_merge_log as undone where undone.inverts = made.merge_id)
order by made.merge_id
