-- one row per row of the merge log in a list: its records by name, their profiles now, and what undid it
select
  made.merge_id,
  made.kind,
  made.inverts,
  made.record_no_l,
  made.record_no_r,
  record_l.profile_id as profile_id_l,
  record_r.profile_id as profile_id_r,
  undone.kind as undone_kind,
  undone.cause as undone_cause,
  undone.run_id as undone_run_id,
  undone.logged_at as undone_at,
  ruled.decided_by as undone_by
from identity_merge_log as made
join source_record as record_l on record_l.record_no = made.record_no_l
join source_record as record_r on record_r.record_no = made.record_no_r
left join identity_merge_log as undone on undone.inverts = made.merge_id
left join identity_decision as ruled on ruled.decision_id = undone.decision_id
where made.merge_id = any(%(merge_ids)s)
order by made.merge_id
