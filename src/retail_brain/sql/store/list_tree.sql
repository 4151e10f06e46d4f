-- one row per merge of the tree that a record stands in, oldest first: the tree of now, or of before a row of the log was written
with recursive edge as not materialized (
  select
    made.merge_id,
    made.record_no_l,
    made.record_no_r
  from identity_merge_log as made
  left join identity_merge_log as undone on undone.inverts = made.merge_id
  where made.kind = 'merge'
    and (undone.merge_id is null or undone.merge_id >= %(before)s::bigint)
    and (%(before)s::bigint is null or made.merge_id < %(before)s)
),
reached as (
  select %(record_no)s::bigint as record_no
  union
  select next_one.record_no
  from reached
  cross join lateral (
    select edge.record_no_r as record_no
    from edge
    where edge.record_no_l = reached.record_no
    union all
    select edge.record_no_l
    from edge
    where edge.record_no_r = reached.record_no
  ) as next_one
)

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
where log.kind = 'merge'
  and log.record_no_l = any(array(select reached.record_no from reached))
  and (undone.merge_id is null or undone.merge_id >= %(before)s::bigint)
  and (%(before)s::bigint is null or log.merge_id < %(before)s)
order by log.merge_id
