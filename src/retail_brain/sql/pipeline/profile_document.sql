-- One row per profile of a first run: its id and the document that the cache holds, as PostgreSQL would make it.
-- Put together field by field: what is NULL makes its piece NULL, and concat leaves that out. One to_json over all and empty
-- fields cut out of its text afterwards take twice the time.
with member as (
  select
    crosswalk.profile_id,
    string_agg(
      '{"record_no":' || record.record_no || ',"source":' || to_json(record.source)::varchar || ',"record_id":' || to_json(record.record_id)::varchar || '}',
      ',' order by record.record_no
    ) as records
  from crosswalk
  join record using (record_no)
  group by crosswalk.profile_id
)
select
  profile.profile_id::varchar as profile_id,
  concat(
    '{"profile_id":"',
    profile.profile_id::varchar,
    '"',
    ',"given_name":' || to_json(profile.given_name)::varchar,
    ',"middle_name":' || to_json(profile.middle_name)::varchar,
    ',"family_name":' || to_json(profile.family_name)::varchar,
    ',"name_suffix":' || to_json(profile.name_suffix)::varchar,
    ',"gender":' || to_json(profile.gender)::varchar,
    ',"email":' || to_json(profile.email)::varchar,
    ',"phone":' || to_json(profile.phone)::varchar,
    ',"date_of_birth":' || to_json(profile.date_of_birth)::varchar,
    ',"address":' || to_json(profile.address)::varchar,
    ',"city":' || to_json(profile.city)::varchar,
    ',"region":' || to_json(profile.region)::varchar,
    ',"postal_code":' || to_json(profile.postal_code)::varchar,
    ',"country":' || to_json(profile.country)::varchar,
    ',"loyalty_id":' || to_json(profile.loyalty_id)::varchar,
    ',"national_id":' || to_json(profile.national_id)::varchar,
    ',"record_count":' || profile.record_count,
    ',"first_record_no":' || profile.first_record_no,
    ',"provenance":' || profile.provenance::json::varchar,
    ',"updated_at":"' || strftime(profile.updated_at, '%Y-%m-%dT%H:%M:%S') || '"',
    ',"version":1,"records":[',
    member.records,
    ']}'
  ) as document
from profile
join member using (profile_id)
