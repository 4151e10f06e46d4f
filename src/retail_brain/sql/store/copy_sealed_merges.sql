-- one line per row of the merge log from one number to another: the text that is sealed. Its columns and their order never change
copy (
  select
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
    run_id,
    decision_id,
    logged_at
  from identity_merge_log
  where (%(first)s::bigint is null or merge_id >= %(first)s::bigint)
    and (%(last)s::bigint is null or merge_id <= %(last)s::bigint)
  order by merge_id
) to stdout
