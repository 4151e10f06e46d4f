-- one row per record of the temporary table reverted_record that belongs to a profile from now on, as survivorship reads it
select
  source_record.record_no,
  source_record.source,
  source_record.record_id,
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
  source_record.updated_at,
  source_record.profile_id
from reverted_record
join source_record on source_record.record_no = reverted_record.record_no
where reverted_record.profile_id is not null
