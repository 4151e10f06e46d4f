-- nothing: weighs anew the questions about records of a list, whose profiles have another size now
with asked as (
  select
    record_no_l,
    record_no_r
  from review_item
  where record_no_l = any(%(record_nos)s)
  union
  select
    record_no_l,
    record_no_r
  from review_item
  where record_no_r = any(%(record_nos)s)
),
size as (
  select
    asked.record_no_l,
    asked.record_no_r,
    profile_l.record_count * profile_r.record_count as pairs
  from asked
  join source_record as record_l on record_l.record_no = asked.record_no_l
  join source_record as record_r on record_r.record_no = asked.record_no_r
  join profile as profile_l on profile_l.profile_id = record_l.profile_id
  join profile as profile_r on profile_r.profile_id = record_r.profile_id
)

update review_item
set stake = round((
  case when kind = 'refused' then least(match_probability, %(clash_probability)s) else match_probability end * size.pairs
)::numeric, 6)
from size
where review_item.record_no_l = size.record_no_l
  and review_item.record_no_r = size.record_no_r
  and review_item.kind <> 'weak'
