-- One row per merge made or ended tonight, ended ones first, numbered in the order of their records.
create or replace table merge_log_new as
with ended as (
  select
    'split' as kind,
    standing.merge_id as inverts,
    case
      when l.gone or r.gone then 'gone'
      when change_l.record_no is not null or change_r.record_no is not null then 'changed'
      when taken_back.record_no_l is not null then 'withdrawn'
      else 'rescored'
    end as cause,
    standing.* exclude (merge_id)
  from standing_merge as standing
  anti join merge as now using (record_no_l, record_no_r)
  join record as l on l.record_no = standing.record_no_l
  join record as r on r.record_no = standing.record_no_r
  left join record_change as change_l on change_l.record_no = standing.record_no_l and change_l.action = 'changed'
  left join record_change as change_r on change_r.record_no = standing.record_no_r and change_r.action = 'changed'
  left join (
    select distinct record_no_l, record_no_r from decision_new where kind = 'withdraw'
  ) as taken_back
    on taken_back.record_no_l = standing.record_no_l and taken_back.record_no_r = standing.record_no_r
  where standing.record_no_l in (select record_no from touched_record)
),
made as (
  select
    'merge' as kind,
    null::bigint as inverts,
    now.kind as cause,
    now.record_no_l,
    now.record_no_r,
    now.match_weight,
    now.match_probability,
    now.levels,
    now.blocking_rule
  from merge as now
  anti join standing_merge as standing using (record_no_l, record_no_r)
),
change as (
  select * from ended
  union all by name
  select * from made
)
select
  $last_merge_id + row_number() over (order by change.kind desc, change.record_no_l, change.record_no_r) as merge_id,
  change.*,
  $model_id as model_id,
  now.profile_id,
  before_l.profile_id as profile_id_l,
  before_r.profile_id as profile_id_r
from change
left join crosswalk_tonight as now on now.record_no = change.record_no_l
left join touched_before as before_l on before_l.record_no = change.record_no_l
left join touched_before as before_r on before_r.record_no = change.record_no_r
