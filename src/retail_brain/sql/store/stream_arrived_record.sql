-- one row per record that came or changed since the last run was published: its number, its columns as they are now, and the records that it was linked to
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
  source_record.attributes,
  delivery.delivery_id,
  source_record.row_hash,
  array_to_string(came.linked, ' ') as linked
from (
  select distinct on (record_no)
    record_no,
    linked
  from arrival
  order by
    record_no,
    arrival_no desc
) as came
join source_record on source_record.record_no = came.record_no
join delivery on delivery.delivery_no = source_record.delivery_no
