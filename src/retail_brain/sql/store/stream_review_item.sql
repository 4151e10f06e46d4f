-- one row per pair that waits for a person, refused links among them
select
  record_no_l,
  record_no_r,
  kind,
  match_weight,
  match_probability,
  levels,
  blocking_rule,
  reason,
  stake
from review_item
