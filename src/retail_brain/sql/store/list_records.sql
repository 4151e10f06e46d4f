-- one row per record of a list of numbers, with the hash of its values
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
  source_record.updated_at,
  source_record.attributes,
  source_record.gone_run,
  source_record.row_hash
from source_record
where source_record.record_no = any(%(record_nos)s)
order by source_record.record_no
