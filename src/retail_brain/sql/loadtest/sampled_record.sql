-- one row per delivered record of a list of numbers
select
  source,
  record_id,
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
  national_id
from source_record
where record_no = any(%(numbers)s)
  and profile_id is not null
order by record_no
