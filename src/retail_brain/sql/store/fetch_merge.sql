-- one row when the merge log has a row of this number, with its records by name
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
where log.merge_id = %(merge_id)s
