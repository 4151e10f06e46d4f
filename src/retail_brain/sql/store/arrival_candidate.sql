-- one row per record that shares something with the one that came, as far as indexes know: an identifier, the date of birth and an initial or postcode, name and postcode, both names.
-- A record is known by its place in the table until it is read: the place stays as long as the statement runs, and needs no index
with named as (
  (
    select profile_id
    from profile
    where postal_code = %(postal_code)s
      and left(family_search, 1) = %(family_initial)s
    limit %(few)s
  )
  union
  (
    select profile_id
    from profile
    where postal_code = %(postal_code)s
      and given_search = any(%(given_names)s)
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
),

found as (
  (select ctid as place from source_record where email = %(email)s limit %(most)s)
  union
  (select ctid from source_record where phone = %(phone)s limit %(most)s)
  union
  (select ctid from source_record where loyalty_id = %(loyalty_id)s limit %(most)s)
  union
  (select ctid from source_record where national_id = %(national_id)s limit %(most)s)
  union
  (
    select ctid
    from source_record
    where date_of_birth = %(birth_date)s
      and ascii(given_name) = any(%(given_initials)s::integer[])
    limit %(most)s
  )
  union
  (
    select ctid
    from source_record
    where date_of_birth = %(birth_date)s
      and ascii(family_name) = any(%(family_initials)s::integer[])
    limit %(most)s
  )
  union
  (
    select ctid
    from source_record
    where date_of_birth = %(birth_date)s
      and postal_code = %(postal_code)s
    limit %(most)s
  )
  union
  (
    select member.ctid
    from named
    join source_record as member on member.profile_id = named.profile_id
  )
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
join source_record on source_record.ctid = found.place
where source_record.profile_id is not null
order by source_record.record_no
