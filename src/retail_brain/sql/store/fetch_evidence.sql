-- one row per pair: the rule that brought it together, and why a link was refused
select blocking_rule, refused_because
from (
  select blocking_rule, case when kind = 'refused' then reason end as refused_because, 0 as place, 0 as merge_id
  from review_item
  where record_no_l = %(record_no_l)s and record_no_r = %(record_no_r)s
  union all
  select blocking_rule, null, 1, -merge_id
  from identity_merge_log
  where record_no_l = %(record_no_l)s and record_no_r = %(record_no_r)s and kind = 'merge'
) as known
order by place, merge_id
limit 1
