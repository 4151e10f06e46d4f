-- one row per live profile of a list of ids
select
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
from profile
where profile.profile_id = any(%(profile_ids)s)
order by profile.profile_id
