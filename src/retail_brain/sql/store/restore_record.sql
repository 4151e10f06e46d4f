-- nothing: gives the records of the temporary table reverted_record back the values that they had before some runs
update source_record
set
  delivery_no = former.delivery_no,
  row_hash = former.row_hash,
  given_name = former.given_name,
  middle_name = former.middle_name,
  family_name = former.family_name,
  name_suffix = former.name_suffix,
  gender = former.gender,
  email = former.email,
  phone = former.phone,
  date_of_birth = former.date_of_birth,
  address = former.address,
  city = former.city,
  region = former.region,
  postal_code = former.postal_code,
  country = former.country,
  loyalty_id = former.loyalty_id,
  national_id = former.national_id,
  updated_at = former.updated_at,
  attributes = former.attributes
from (
  select distinct on (record_no) *
  from former_record
  where run_id = any(%(run_ids)s)
  order by
    record_no,
    run_id
) as former
join reverted_record on reverted_record.record_no = former.record_no
where source_record.record_no = former.record_no
  and reverted_record.restored
  and not former.is_new
  and source_record.row_hash is distinct from former.row_hash
