-- One row per pair that a person may want to look at and has not ruled on: refused links, pairs too weak to join on their own, merges
-- that hang on one weak link. `stake` is how many pairs of records are likely to be wrong while nobody rules.
create or replace table review_item as
with kept_apart as (
  select distinct least(l.profile_id, r.profile_id) as profile_id_l, greatest(l.profile_id, r.profile_id) as profile_id_r
  from decision
  join crosswalk as l on l.record_no = decision.record_no_l
  join crosswalk as r on r.record_no = decision.record_no_r
  where decision.kind = 'cannot_link'
),
apart as (
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
  from touched_edge as edge
  anti join refusal using (record_no_l, record_no_r)
  where edge.match_probability < $merge_probability
),
of_two as (
  select apart.*, l.profile_id as profile_id_l, r.profile_id as profile_id_r
  from apart
  join crosswalk as l on l.record_no = apart.record_no_l
  join crosswalk as r on r.record_no = apart.record_no_r
  where l.profile_id <> r.profile_id
),
open_question as (
  select of_two.*
  from of_two
  left join kept_apart
    on kept_apart.profile_id_l = least(of_two.profile_id_l, of_two.profile_id_r)
    and kept_apart.profile_id_r = greatest(of_two.profile_id_l, of_two.profile_id_r)
  where of_two.kind = 'refused' or kept_apart.profile_id_l is null
),
size as (
  select profile_id, count(*) as records
  from crosswalk
  where profile_id in (select profile_id_l from open_question union select profile_id_r from open_question)
  group by profile_id
),
item as (
  select
    open_question.* exclude (profile_id_l, profile_id_r),
    case when kind = 'refused' then least(match_probability, $clash_probability) else match_probability end
      * l.records * r.records as stake
  from open_question
  join size as l on l.profile_id = open_question.profile_id_l
  join size as r on r.profile_id = open_question.profile_id_r
  union all by name
  select
    weak_merge.* exclude (records_l, records_r),
    'weak' as kind,
    null as reason,
    (1 - match_probability) * records_l * records_r as stake
  from weak_merge
)
select item.* replace (round(coalesce(stake, 0), 6) as stake)
from item
anti join decision using (record_no_l, record_no_r)
