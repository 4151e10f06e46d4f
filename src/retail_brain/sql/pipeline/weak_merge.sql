-- One row per merge that hangs on one weak link: on either side two records or more, and no other link between the sides.
create or replace table weak_merge as
with recursive candidate as (
  select merge.record_no_l, merge.record_no_r, merge.match_weight, merge.match_probability, merge.levels, merge.blocking_rule, crosswalk.profile_id
  from merge
  join crosswalk_tonight as crosswalk on crosswalk.record_no = merge.record_no_l
  where merge.kind = 'match' and merge.match_probability < $weak_probability
),
member as (
  select record_no, profile_id
  from crosswalk_tonight
  semi join candidate using (profile_id)
  qualify count(*) over (partition by profile_id) >= 4
),
neighbour as (
  select record_no_l as record_no, record_no_r as other_no from merge where record_no_l in (select record_no from member)
  union all
  select record_no_r, record_no_l from merge where record_no_r in (select record_no from member)
),
side as (
  select candidate.record_no_l, candidate.record_no_r, candidate.record_no_l as record_no
  from candidate
  semi join member using (profile_id)
  union
  select side.record_no_l, side.record_no_r, neighbour.other_no
  from side
  join neighbour using (record_no)
  where (side.record_no, neighbour.other_no) <> (side.record_no_l, side.record_no_r)
),
halved as (
  select candidate.*, near.records as records_l, whole.records - near.records as records_r
  from candidate
  join (select record_no_l, record_no_r, count(*) as records from side group by all) as near using (record_no_l, record_no_r)
  join (select profile_id, count(*) as records from member group by all) as whole using (profile_id)
  where near.records >= 2 and whole.records - near.records >= 2
),
link as (
  select edge.record_no_l as link_no_l, edge.record_no_r as link_no_r, l.profile_id
  from touched_edge as edge
  join member as l on l.record_no = edge.record_no_l
  join member as r on r.record_no = edge.record_no_r and r.profile_id = l.profile_id
  where edge.match_probability >= $merge_probability
),
crossed as (
  select halved.record_no_l, halved.record_no_r
  from halved
  join link using (profile_id)
  left join side as l on (l.record_no_l, l.record_no_r, l.record_no) = (halved.record_no_l, halved.record_no_r, link_no_l)
  left join side as r on (r.record_no_l, r.record_no_r, r.record_no) = (halved.record_no_l, halved.record_no_r, link_no_r)
  where (l.record_no is null) <> (r.record_no is null)
    and (link_no_l, link_no_r) <> (halved.record_no_l, halved.record_no_r)
)
select record_no_l, record_no_r, match_weight, match_probability, levels, blocking_rule, records_l, records_r
from halved
anti join crossed using (record_no_l, record_no_r)
