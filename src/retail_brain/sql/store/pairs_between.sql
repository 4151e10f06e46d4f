-- one row per pair that waits for a person and has a record in each of two profiles
select
  review_item.record_no_l,
  review_item.record_no_r
from source_record as near
join review_item on near.record_no = review_item.record_no_l
join source_record as far on far.record_no = review_item.record_no_r
where near.profile_id = %(profile_id_l)s
  and far.profile_id = %(profile_id_r)s
union
select
  review_item.record_no_l,
  review_item.record_no_r
from source_record as near
join review_item on near.record_no = review_item.record_no_r
join source_record as far on far.record_no = review_item.record_no_l
where near.profile_id = %(profile_id_l)s
  and far.profile_id = %(profile_id_r)s
