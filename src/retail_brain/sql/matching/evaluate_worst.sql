-- One row per profile that mixes persons, or person who is split, the one with most wrong pairs first: its records by part.
with joined as (
  select truth.person_id, said.profile_id::varchar as profile_id, truth.source || ':' || truth.record_id as record
  from evaluated_truth as truth
  join evaluated_crosswalk as said using (source, record_id)
),
cell as (
  select profile_id, person_id, count(*) as records, list(record order by record)[:4] as examples
  from joined
  group by profile_id, person_id
),
error as (
  select
    'over-merged' as kind,
    profile_id as id,
    sum(records) as records,
    sum(records) * sum(records) - sum(records * records) as wrong,
    list(examples order by records desc, person_id)[:4] as parts
  from cell
  group by profile_id
  having count(*) > 1
  union all
  select
    'over-split',
    person_id,
    sum(records),
    sum(records) * sum(records) - sum(records * records),
    list(examples order by records desc, profile_id)[:4]
  from cell
  group by person_id
  having count(*) > 1
)
select kind, id, records::bigint, (wrong / 2)::bigint, parts
from error
order by wrong desc, kind, id
limit $limit
