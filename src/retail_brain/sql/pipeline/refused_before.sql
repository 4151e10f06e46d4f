-- One row per link of tonight that stays refused: it was one when the last state was published, its records stood in two profiles and are what they
-- were, and no ruling that kept these profiles apart was taken back since.
create or replace table refused_before as
with freed as (
  select least(l.profile_id, r.profile_id) as profile_id_l, greatest(l.profile_id, r.profile_id) as profile_id_r
  from decision_new as decision
  join touched_before as l on l.record_no = decision.record_no_l
  join touched_before as r on r.record_no = decision.record_no_r
  where decision.withdrawn_kind = 'cannot_link'
),
reconsidered as (
  select record_no from changed_record anti join arrived_settled using (record_no)
),
known as (
  select record_no_l, record_no_r from review_item_before where kind = 'refused'
  union
  select record_no_l, record_no_r
  from link_before
  where record_no_l not in (select record_no from arrived_settled)
    and record_no_r not in (select record_no from arrived_settled)
  union
  select record_no_l, record_no_r from arrived_link
)
select known.record_no_l, known.record_no_r
from known
semi join (select * from touched_edge where match_probability >= $merge_probability) as link using (record_no_l, record_no_r)
join touched_before as l on l.record_no = known.record_no_l
join touched_before as r on r.record_no = known.record_no_r
where l.profile_id <> r.profile_id
  and known.record_no_l not in (select record_no from reconsidered)
  and known.record_no_r not in (select record_no from reconsidered)
  and (least(l.profile_id, r.profile_id), greatest(l.profile_id, r.profile_id)) not in (
    select (profile_id_l, profile_id_r) from freed
  )
