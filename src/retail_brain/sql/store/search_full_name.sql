-- one row per profile whose given and family name are like the two parts, in either order, the most alike first
with likely as materialized (
  select
    kind,
    name,
    greatest(similarity(name, %(family)s), case when name = any(%(family_swapped)s) then 0.9 end) as alike
  from name_part
  where name %% %(family)s or name = any(%(family_swapped)s)
),
likely_given as materialized (
  select
    kind,
    name,
    greatest(similarity(name, %(given)s), case when name = any(%(given_swapped)s) then 0.9 end) as alike
  from name_part
  where name %% %(given)s or name = any(%(given_swapped)s)
),
family as (
  select name, alike from likely where kind = 'family' order by alike desc, name limit %(names)s
),
given as (
  select name, alike from likely_given where kind = 'given' order by alike desc, name limit %(names)s
),
swapped_family as (
  select name, alike from likely_given where kind = 'family' order by alike desc, name limit 10
),
swapped_given as (
  select name, alike from likely where kind = 'given' order by alike desc, name limit 10
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
