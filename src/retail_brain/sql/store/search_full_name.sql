-- one row per profile whose given and family name are among those that are like two parts, in either order, the most alike first
with family as (
  select name, alike from unnest(%(family_names)s::text[], %(family_alike)s::float8[]) as likely (name, alike)
),
given as (
  select name, alike from unnest(%(given_names)s::text[], %(given_alike)s::float8[]) as likely (name, alike)
),
swapped_family as (
  select name, alike from unnest(%(swapped_family_names)s::text[], %(swapped_family_alike)s::float8[]) as likely (name, alike)
),
swapped_given as (
  select name, alike from unnest(%(swapped_given_names)s::text[], %(swapped_given_alike)s::float8[]) as likely (name, alike)
),
found as (
  select
    profile.profile_id,
    family.alike + given.alike as alike
  from family
  cross join given
  join profile on profile.family_search = family.name and profile.given_search = given.name
  union all
  select
    profile.profile_id,
    swapped_family.alike + swapped_given.alike
  from swapped_family
  cross join swapped_given
  join profile on profile.family_search = swapped_family.name and profile.given_search = swapped_given.name
  union all
  (
    select
      profile.profile_id,
      family.alike
    from family
    cross join lateral (
      (
        select profile_id
        from profile
        where family_search = family.name
          and given_search >= %(given)s
          and given_search < %(given)s || chr(1114109)
        limit 50
      )
      union all
      (
        select profile_id
        from profile
        where family_search = family.name
          and given_search = left(%(given)s, 1)
        limit 20
      )
      union all
      (
        select profile_id
        from profile
        where family_search = family.name
          and given_search is null
        limit 20
      )
    ) as profile
    where family.alike > 0.99
  )
)

select profile_id
from found
group by profile_id
order by
  max(alike) desc,
  profile_id
limit %(limit)s
