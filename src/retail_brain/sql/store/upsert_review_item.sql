-- nothing: brings new and changed pairs to review from the temporary table review_item_new
insert into review_item (
  record_no_l,
  record_no_r,
  kind,
  match_weight,
  match_probability,
  levels,
  blocking_rule,
  reason,
  stake,
  run_id
)
select
  record_no_l,
  record_no_r,
  kind,
  match_weight,
  match_probability,
  levels,
  blocking_rule,
  reason,
  stake,
  run_id
from review_item_new
on conflict (record_no_l, record_no_r) do update set
  kind = excluded.kind,
  match_weight = excluded.match_weight,
  match_probability = excluded.match_probability,
  levels = excluded.levels,
  blocking_rule = excluded.blocking_rule,
  reason = excluded.reason,
  stake = excluded.stake,
  run_id = excluded.run_id
