-- One row per merge of a first run, numbered in the order of their records: what merge_log_new would make of nothing before.
create or replace table merge_log_new as
select
  $last_merge_id + row_number() over (order by made.record_no_l, made.record_no_r) as merge_id,
  'merge' as kind,
  null::bigint as inverts,
  made.kind as cause,
  made.record_no_l,
  made.record_no_r,
  made.match_weight,
  made.match_probability,
  made.levels,
  made.blocking_rule,
  $model_id as model_id,
  crosswalk.profile_id,
  null::uuid as profile_id_l,
  null::uuid as profile_id_r
from merge as made
join crosswalk on crosswalk.record_no = made.record_no_l
