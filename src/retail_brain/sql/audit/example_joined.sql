-- One row per profile of the run in which records come together that were not, most of them first: profile_id, records, profiles of before, record keys, values.
with member as (
  select now.profile_id, now.record_no, before.profile_id as profile_id_before
  from crosswalk_tonight as now
  left join touched_before as before using (record_no)
),
part as (
  select profile_id, profile_id_before, count(*) as records from member group by all
),
whole as (
  select
    profile_id,
    sum(records) as records,
    count(profile_id_before) as profiles,
    sum(records) - max(records * (profile_id_before is not null)::int) as moved
  from part
  group by profile_id
  having sum(records) > 1
  order by moved desc, records desc, profile_id
  limit $examples
)
select
  whole.profile_id::varchar as profile_id,
  whole.records,
  whole.profiles,
  list(record.source || ':' || record.record_id order by record.record_no)[:$keys] as keys,
  list(concat_ws(' ', record.given_name, record.family_name, record.email, record.phone, record.date_of_birth) order by record.record_no)[:$keys] as texts
from whole
join member using (profile_id)
join record using (record_no)
where whole.moved > 1
group by whole.profile_id, whole.records, whole.profiles, whole.moved
order by whole.moved desc, whole.records desc, whole.profile_id
