-- nothing: takes out of the review queue what the record that came was asked about, and pairs that stand in one profile now
delete from review_item
using source_record as record_l, source_record as record_r
where record_l.record_no = review_item.record_no_l
  and record_r.record_no = review_item.record_no_r
  and (review_item.record_no_l = any(%(record_nos)s) or review_item.record_no_r = any(%(record_nos)s))
  and (
    review_item.record_no_l = %(record_no)s
    or review_item.record_no_r = %(record_no)s
    or (review_item.kind <> 'weak' and record_l.profile_id = record_r.profile_id)
    or (review_item.kind = 'weak' and record_l.profile_id <> record_r.profile_id)
  )
