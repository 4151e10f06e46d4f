-- one row per row of the merge log, with its records by name
select
  log.merge_id,
  log.kind,
  log.cause,
  log.inverts,
  l.source as source_l,
  l.record_id as record_id_l,
  r.source as source_r,
  r.record_id as record_id_r,
  log.match_weight,
  log.match_probability,
  log.levels,
  log.blocking_rule,
  log.model_id,
  log.profile_id,
  log.run_id,
  log.logged_at
from identity_merge_log as log
join source_record as l on l.record_no = log.record_no_l
join source_record as r on r.record_no = log.record_no_r
