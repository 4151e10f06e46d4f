-- one row per golden record
select
  profile_id,
  given_name,
  middle_name,
  family_name,
  name_suffix,
  gender,
  email,
  phone,
  date_of_birth,
  address,
  city,
  region,
  postal_code,
  country,
  loyalty_id,
  national_id,
  record_count,
  updated_at,
  version
from profile
order by profile_id
