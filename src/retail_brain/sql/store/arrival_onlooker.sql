-- one row per profile with a record that a link to a record of member was refused to
select record_r.profile_id
from review_item
join source_record as record_r on record_r.record_no = review_item.record_no_r
where review_item.record_no_l = any(array(select record_no from member))
  and review_item.kind = 'refused'
union
select record_l.profile_id
from review_item
join source_record as record_l on record_l.record_no = review_item.record_no_l
where review_item.record_no_r = any(array(select record_no from member))
  and review_item.kind = 'refused'
