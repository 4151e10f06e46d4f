-- one row per record that shares something with the one that came, as far as indexes know: an identifier, the date of birth and an initial or postcode, name and postcode, both names
with found as (
  (select record_no from source_record where email = %(email)s limit %(most)s)
  union
  (select record_no from source_record where phone = %(phone)s limit %(most)s)
  union
  (select record_no from source_record where loyalty_id = %(loyalty_id)s limit %(most)s)
  union
  (select record_no from source_record where national_id = %(national_id)s limit %(most)s)
  union
  (
    select record_no
    from source_record
    where date_of_birth = %(birth_date)s
      and (
        left(lower(given_name), 1) = any(%(given_initials)s)
        or left(lower(family_name), 1) = %(family_initial)s
        or postal_code = %(postal_code)s
      )
    limit %(most)s
  )
  union
  select member.record_no
  from (
    (
      select profile_id
      from profile
      where postal_code = %(postal_code)s
        and (left(family_search, 1) = %(family_initial)s or given_search = any(%(given_names)s))
      limit %(few)s
    )
    union
    (
      select profile_id
      from profile
      where family_search = %(family)s
        and given_search = any(%(given_names)s)
      limit %(few)s
    )
    union
    (
      select profile_id
      from profile
      where family_search = %(given)s
        and given_search = %(family)s
      limit %(few)s
    )
  ) as named
  join source_record as member on member.profile_id = named.profile_id
)

select
  source_record.record_no,
  source_record.source,
  source_record.record_id,
  source_record.profile_id,
  source_record.given_name,
  source_record.middle_name,
  source_record.family_name,
  source_record.name_suffix,
  source_record.gender,
  source_record.email,
  source_record.phone,
  source_record.date_of_birth,
  source_record.address,
  source_record.city,
  source_record.region,
  source_record.postal_code,
  source_record.country,
  source_record.loyalty_id,
  source_record.national_id,
  source_record.updated_at
from found
join source_record using (record_no)
where source_record.profile_id is not null
order by source_record.record_no
