-- one row per profile with a given or family name like the part, the most alike names first
with likely as (
  select
    kind,
    name,
    greatest(
      similarity(name, coalesce(%(family)s, %(given)s, %(either)s)),
      case when name = any(%(one_swapped)s) then 0.9 end
    ) as alike
  from name_part
  where name %% coalesce(%(family)s, %(given)s, %(either)s) or name = any(%(one_swapped)s)
  order by
    alike desc,
    kind,
    name
  limit 2 * %(names)s
),
found as (
  select
    profile.profile_id,
    likely.alike
  from likely
  cross join lateral (
    (
      select profile_id
      from profile
      where family_search = likely.name
        and likely.kind = 'family'
      limit 50
    )
    union all
    (
      select profile_id
      from profile
      where given_search = likely.name
        and likely.kind = 'given'
      limit 50
    )
  ) as profile
)

select profile_id
from found
group by profile_id
order by
  max(alike) desc,
  profile_id
limit %(limit)s
