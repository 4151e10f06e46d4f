-- one row per profile with a record that shares a value of its own, or a date of birth and something of the name or postcode
select profile_id
from (
  (select profile_id from source_record where email = %(email)s limit 1000)
  union
  (select profile_id from source_record where phone = %(phone)s limit 1000)
  union
  (select profile_id from source_record where loyalty_id = %(loyalty_id)s limit 1000)
  union
  (select profile_id from source_record where national_id = %(national_id)s limit 1000)
  union
  (
    select profile_id
    from source_record
    where date_of_birth = %(birth_date)s
      and (
        postal_code = %(postal_code)s
        or lower(given_name) %% %(given)s
        or lower(family_name) %% %(family)s
      )
    limit 1000
  )
  union
  (
    select profile_id
    from profile
    where postal_code = %(postal_code)s
      and (given_search %% %(given)s or family_search %% %(family)s)
    limit 1000
  )
) as found
where profile_id is not null
order by profile_id
limit %(limit)s
