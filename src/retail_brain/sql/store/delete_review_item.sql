-- nothing: takes a pair that was ruled on out of the review queue, and what else is undecided between its two profiles
with member as (
  select
    mate.record_no,
    mate.profile_id
  from source_record as asked
  join source_record as mate on mate.profile_id = asked.profile_id
  where asked.record_no in (%(record_no_l)s, %(record_no_r)s)
)

delete from review_item as item
using member as member_l, member as member_r
where member_l.record_no = item.record_no_l
  and member_r.record_no = item.record_no_r
  and (
    (item.record_no_l, item.record_no_r) = (%(record_no_l)s, %(record_no_r)s)
    or (item.kind = 'borderline' and member_l.profile_id <> member_r.profile_id)
  )
