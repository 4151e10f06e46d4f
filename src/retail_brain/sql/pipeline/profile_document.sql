-- One row per profile of a first run: its id and the document that the cache holds, as PostgreSQL would make it.
with member as (
  select
    crosswalk.profile_id,
    list(
      {'record_no': record.record_no, 'source': record.source, 'record_id': record.record_id} order by record.record_no
    ) as records
  from crosswalk
  join record using (record_no)
  group by crosswalk.profile_id
)
select
  profile.profile_id::varchar as profile_id,
  -- Empty fields are cut out of the text: inside a value a quotation mark would have a backslash before it.
  regexp_replace(
    to_json({
      'profile_id': profile.profile_id,
      'given_name': profile.given_name,
      'middle_name': profile.middle_name,
      'family_name': profile.family_name,
      'name_suffix': profile.name_suffix,
      'gender': profile.gender,
      'email': profile.email,
      'phone': profile.phone,
      'date_of_birth': profile.date_of_birth,
      'address': profile.address,
      'city': profile.city,
      'region': profile.region,
      'postal_code': profile.postal_code,
      'country': profile.country,
      'loyalty_id': profile.loyalty_id,
      'national_id': profile.national_id,
      'record_count': profile.record_count,
      'first_record_no': profile.first_record_no,
      'provenance': profile.provenance::json,
      'updated_at': strftime(profile.updated_at, '%Y-%m-%dT%H:%M:%S'),
      'version': 1,
      'records': member.records
    })::varchar,
    '"[a-z_]+":null,',
    '',
    'g'
  ) as document
from profile
join member using (profile_id)
