-- one row per profile with the postcode
select profile_id
from profile
where postal_code = %(postal_code)s
order by profile_id
limit %(limit)s
