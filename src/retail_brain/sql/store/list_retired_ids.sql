-- one row per id that leads to the profile, the newest first
with recursive retired as (
  select
    alias_id,
    run_id
  from profile_alias
  where profile_id = %(profile_id)s
  union
  select
    profile_alias.alias_id,
    profile_alias.run_id
  from retired
  join profile_alias on profile_alias.profile_id = retired.alias_id
)

select
  retired.alias_id,
  retired.run_id,
  run.ended_at as retired_at
from retired
left join run on run.run_id = retired.run_id
order by
  retired.run_id desc,
  retired.alias_id
