-- nothing: writes one row of the merge log that a person caused between two runs
insert into identity_merge_log (
  merge_id,
  kind,
  inverts,
  cause,
  record_no_l,
  record_no_r,
  match_weight,
  match_probability,
  levels,
  blocking_rule,
  model_id,
  profile_id,
  profile_id_l,
  profile_id_r,
  decision_id,
  logged_at
)
values (
  %(merge_id)s,
  %(kind)s,
  %(inverts)s,
  %(cause)s,
  %(record_no_l)s,
  %(record_no_r)s,
  %(match_weight)s,
  %(match_probability)s,
  %(levels)s,
  %(blocking_rule)s,
  %(model_id)s,
  %(profile_id)s,
  %(profile_id_l)s,
  %(profile_id_r)s,
  %(decision_id)s,
  %(logged_at)s
)
