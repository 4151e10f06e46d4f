-- one row per merge that stands: not inverted by another row
select
  merge_id,
  record_no_l,
  record_no_r,
  match_weight,
  match_probability,
  levels,
  blocking_rule
from identity_merge_log as made
where kind = 'merge'
  and not exists (select from identity_merge_log as undone where undone.inverts = made.merge_id)
