-- one row per profile with the postcode and a name that begins like, or is like, one of the parts
select profile_id
from profile
where postal_code = %(postal_code)s
  and (
    starts_with(given_search, %(given)s)
    or starts_with(family_search, %(family)s)
    or starts_with(given_search, %(either)s)
    or starts_with(family_search, %(either)s)
    or given_search %% coalesce(%(given)s, %(either)s)
    or family_search %% coalesce(%(family)s, %(either)s)
    or given_search %% %(family)s
    or family_search %% %(given)s
  )
order by profile_id
limit %(limit)s
