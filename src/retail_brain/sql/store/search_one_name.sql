-- one row per profile whose given or family name is among those that are like a part, the most alike first
with likely as (
  select kind, name, alike
  from unnest(%(kinds)s::text[], %(names)s::text[], %(alike)s::float8[]) as likely (kind, name, alike)
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
