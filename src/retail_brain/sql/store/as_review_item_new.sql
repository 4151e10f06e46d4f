-- one row per pair of a JSON list, as the temporary table of a night has them
with review_item_new as (
  select *
  from json_to_recordset(%(items)s) as listed (
    record_no_l bigint,
    record_no_r bigint,
    kind text,
    match_weight double precision,
    match_probability double precision,
    levels text,
    blocking_rule text,
    reason text,
    stake double precision,
    run_id bigint
  )
)

