-- one row per row of the merge log, newest first, with its records by name
select
  log.merge_id,
  log.kind,
  log.cause,
  log.inverts,
  undone.merge_id as undone_by,
  log.record_no_l,
  log.record_no_r,
  record_l.source as source_l,
  record_l.record_id as record_id_l,
  record_r.source as source_r,
  record_r.record_id as record_id_r,
  log.match_weight,
  log.match_probability,
  log.levels,
  log.blocking_rule,
  log.model_id,
  log.profile_id,
  log.profile_id_l,
  log.profile_id_r,
  log.run_id,
  log.decision_id,
  log.logged_at
from identity_merge_log as log
join source_record as record_l on record_l.record_no = log.record_no_l
join source_record as record_r on record_r.record_no = log.record_no_r
left join identity_merge_log as undone on undone.inverts = log.merge_id
where (%(record_nos)s::bigint[] is null or log.record_no_l = any(%(record_nos)s) or log.record_no_r = any(%(record_nos)s))
  and (%(run_id)s::bigint is null or log.run_id = %(run_id)s)
  and (%(since)s::date is null or log.logged_at >= %(since)s)
  and (%(until)s::date is null or log.logged_at < %(until)s + 1)
  and (%(weight_below)s::double precision is null or log.match_weight < %(weight_below)s)
  and (%(weight_above)s::double precision is null or log.match_weight > %(weight_above)s)
  and (%(kind)s::text is null or log.kind = %(kind)s)
  and (%(live)s::boolean is null or (log.kind = 'merge' and (undone.merge_id is null) = %(live)s))
  and (%(blocking_rule)s::text is null or log.blocking_rule = %(blocking_rule)s)
  and (%(model_id)s::text is null or log.model_id = %(model_id)s)
order by log.merge_id desc
limit %(limit)s
