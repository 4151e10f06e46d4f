-- One row per profile of before that falls apart in the run, into the most parts first: profile_id, records, parts, record keys, values.
with member as (
  select
    before.profile_id,
    before.record_no,
    now.profile_id as profile_id_now,
    count(*) over (partition by before.profile_id, now.profile_id) as stay
  from touched_before as before
  left join crosswalk_tonight as now using (record_no)
),
whole as (
  select profile_id, count(*) as records, count(distinct profile_id_now) as parts
  from member
  group by profile_id
  having count(distinct profile_id_now) > 1
  order by parts desc, records desc, profile_id
  limit $examples
)
select
  whole.profile_id::varchar as profile_id,
  whole.records,
  whole.parts,
  list(record.source || ':' || record.record_id order by member.stay, record.record_no)[:$keys] as keys,
  list(concat_ws(' ', record.given_name, record.family_name, record.email, record.phone, record.date_of_birth) order by member.stay, record.record_no)[:$keys] as texts
from whole
join member using (profile_id)
join record using (record_no)
group by whole.profile_id, whole.records, whole.parts
order by whole.parts desc, whole.records desc, whole.profile_id
