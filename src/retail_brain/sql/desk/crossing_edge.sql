-- One row per scored pair that was inside one profile and is not any more, and that nobody has ruled on: as a review item.
with side as (
  select now.record_no, now.profile_id, before.profile_id as profile_id_before, count(*) over (partition by now.profile_id) as records
  from crosswalk as now
  join previous_crosswalk as before using (record_no)
),
ruled_apart as (
  select l.profile_id as profile_id_l, r.profile_id as profile_id_r
  from ruling
  join side as l on l.record_no = ruling.record_no_l
  join side as r on r.record_no = ruling.record_no_r
  where ruling.kind = 'cannot_link'
),
kept_apart as (
  select profile_id_l, profile_id_r from ruled_apart
  union
  select profile_id_r, profile_id_l from ruled_apart
),
crossing as (
  select
    edge.record_no_l,
    edge.record_no_r,
    case when edge.match_probability >= $merge_probability then 'refused' else 'borderline' end as kind,
    edge.match_weight,
    edge.match_probability,
    edge.levels,
    edge.blocking_rule,
    case when edge.match_probability >= $merge_probability then 'cannot_link' end as reason,
    l.records * r.records as pairs,
    l.profile_id as profile_id_l,
    r.profile_id as profile_id_r
  from edge
  join side as l on l.record_no = edge.record_no_l
  join side as r on r.record_no = edge.record_no_r
  anti join ruling on ruling.record_no_l = edge.record_no_l and ruling.record_no_r = edge.record_no_r
  where l.profile_id_before = r.profile_id_before
    and l.profile_id <> r.profile_id
    and edge.match_probability >= $review_probability
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
  round(case when kind = 'refused' then least(match_probability, $clash_probability) else match_probability end * pairs, 6) as stake
from crossing
left join kept_apart using (profile_id_l, profile_id_r)
where kind = 'refused' or kept_apart.profile_id_l is null
order by record_no_l, record_no_r
