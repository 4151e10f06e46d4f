-- one row per profile that waits for Redis: its id, its document (NULL when it is gone), the number of the change
with due as materialized (
  select
    profile_id,
    seq
  from cache_outbox
  where seq > %(after)s
    and (%(upto)s::bigint is null or seq <= %(upto)s::bigint)
    and (%(profile_ids)s::uuid[] is null or profile_id = any(%(profile_ids)s::uuid[]))
  order by seq
  limit %(limit)s
)

select
  due.profile_id,
  case when profile.profile_id is not null then json_strip_nulls(json_build_object(
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
  ))::text end as document,
  due.seq
from due
left join profile on profile.profile_id = due.profile_id
left join lateral (
  select json_agg(
    json_build_object('record_no', source_record.record_no, 'source', source_record.source, 'record_id', source_record.record_id)
    order by source_record.record_no
  ) as records
  from source_record
  where source_record.profile_id = profile.profile_id
) as member on true
order by due.seq
