-- One row per pair that a person may want to look at: refused links, and pairs too weak to join on their own.
create or replace table review_item as
select
  refusal.record_no_l,
  refusal.record_no_r,
  'refused' as kind,
  refusal.match_weight,
  round(1 / (1 + power(2.0, -refusal.match_weight)), 9) as match_probability,
  refusal.levels,
  refusal.blocking_rule,
  coalesce(before.reason, refusal.reason) as reason
from refusal
left join review_item_before as before
  on before.record_no_l = refusal.record_no_l
  and before.record_no_r = refusal.record_no_r
  and refusal.reason = 'refused_before'
union all by name
select
  edge.record_no_l,
  edge.record_no_r,
  'borderline' as kind,
  edge.match_weight,
  edge.match_probability,
  edge.levels,
  edge.blocking_rule,
  null as reason
from edge
join crosswalk as l on l.record_no = edge.record_no_l
join crosswalk as r on r.record_no = edge.record_no_r
anti join refusal using (record_no_l, record_no_r)
where edge.match_probability < $merge_probability and l.profile_id <> r.profile_id
