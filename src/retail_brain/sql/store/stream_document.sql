-- one row per profile: its id, its document
select
  profile.profile_id::text,
  json_strip_nulls(json_build_object(
    'profile_id', profile.profile_id,
    'given_name', profile.given_name,
    'middle_name', profile.middle_name,
    'family_name', profile.family_name,
    'name_suffix', profile.name_suffix,
    'gender', profile.gender,
    'email', profile.email,
    'phone', profile.phone,
    'date_of_birth', profile.date_of_birth,
    'address', profile.address,
    'city', profile.city,
    'region', profile.region,
    'postal_code', profile.postal_code,
    'country', profile.country,
    'loyalty_id', profile.loyalty_id,
    'national_id', profile.national_id,
    'record_count', profile.record_count,
    'first_record_no', profile.first_record_no,
    'provenance', profile.provenance,
    'updated_at', profile.updated_at,
    'version', profile.version,
    'records', member.records
  ))::text as document
from profile
left join (
  select
    profile_id,
    json_agg(json_build_object('record_no', record_no, 'source', source, 'record_id', record_id) order by record_no) as records
  from source_record
  where profile_id is not null
  group by profile_id
) as member on member.profile_id = profile.profile_id
