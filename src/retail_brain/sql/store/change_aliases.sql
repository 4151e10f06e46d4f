-- one row per id that leads to a profile of a list, directly or through others: the id, and where it points
with recursive former as (
  select
    profile_alias.alias_id,
    profile_alias.profile_id
  from profile_alias
  where profile_alias.profile_id = any(%(profile_ids)s)
  union
  select
    profile_alias.alias_id,
    profile_alias.profile_id
  from former
  join profile_alias on profile_alias.profile_id = former.alias_id
)

select
  alias_id,
  profile_id
from former
order by alias_id
