-- one row per merge of one of the records of a list that stood when the log reached so far, or was made since: its evidence, and when it stood;
-- one that was made and ended since counts as well: over it an id may have gone from one tree to another
select
  made.merge_id,
  made.cause,
  made.record_no_l,
  made.record_no_r,
  made.match_weight,
  made.match_probability,
  made.levels,
  made.blocking_rule,
  made.model_id,
  made.merge_id <= %(last_merge_id)s and coalesce(undone.merge_id > %(last_merge_id)s, true) as stood,
  undone.merge_id is null as stands
from identity_merge_log as made
left join identity_merge_log as undone on undone.inverts = made.merge_id
where made.kind = 'merge'
  and made.merge_id in (
    select merge_id from identity_merge_log where record_no_l = any(%(record_nos)s)
    union
    select merge_id from identity_merge_log where record_no_r = any(%(record_nos)s)
  )
  and coalesce(undone.merge_id > %(last_merge_id)s, true)
order by made.merge_id
