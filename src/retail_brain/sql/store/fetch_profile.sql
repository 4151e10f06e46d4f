-- one row per id on the way from an id that was issued to the profile that it is part of now: the profile, or its end
with recursive way as (
  select
    %(profile_id)s::uuid as profile_id,
    0 as step
  union all
  select
    profile_alias.profile_id,
    way.step + 1
  from way
  join profile_alias on profile_alias.alias_id = way.profile_id
  where way.step < 1000
)

select
  way.step,
  way.profile_id as way_id,
  way.profile_id is null as ended,
  profile.profile_id,
  profile.given_name,
  profile.middle_name,
  profile.family_name,
  profile.name_suffix,
  profile.gender,
  profile.email,
  profile.phone,
  profile.date_of_birth,
  profile.address,
  profile.city,
  profile.region,
  profile.postal_code,
  profile.country,
  profile.loyalty_id,
  profile.national_id,
  profile.record_count,
  profile.first_record_no,
  profile.provenance,
  profile.updated_at,
  profile.version,
  profile.run_id
from way
left join profile on profile.profile_id = way.profile_id
order by
  profile.profile_id is null,
  way.step
