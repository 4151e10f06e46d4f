-- nothing: takes those questions about the records of the temporary table reverted_record out of the review queue that mean nothing any more
delete from review_item
using source_record as record_l, source_record as record_r
where record_l.record_no = review_item.record_no_l
  and record_r.record_no = review_item.record_no_r
  and (
    review_item.record_no_l in (select record_no from reverted_record)
    or review_item.record_no_r in (select record_no from reverted_record)
  )
  and (
    record_l.profile_id is null
    or record_r.profile_id is null
    or (review_item.kind <> 'weak' and record_l.profile_id = record_r.profile_id)
    or (review_item.kind = 'weak' and not exists (
      select
      from identity_merge_log as made
      where made.record_no_l = review_item.record_no_l
        and made.record_no_r = review_item.record_no_r
        and made.kind = 'merge'
        and not exists (select from identity_merge_log as undone where undone.inverts = made.merge_id)
    ))
  )
