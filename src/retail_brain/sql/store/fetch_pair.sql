-- one row when the pair waits for a person: what it was scored with
select
  review_item.match_weight,
  review_item.match_probability,
  review_item.levels,
  review_item.blocking_rule,
  run.model_id
from review_item
left join run on run.run_id = review_item.run_id
where review_item.record_no_l = %(record_no_l)s
  and review_item.record_no_r = %(record_no_r)s
