-- One row: what a crosswalk says against the truth, counted on the cells of profile and person; no pair is ever listed.
with joined as (
  select
    truth.person_id,
    coalesce(said.profile_id::varchar, 'alone' || chr(31) || truth.source || chr(31) || truth.record_id) as profile_id,
    said.profile_id is null as missing
  from evaluated_truth as truth
  left join evaluated_crosswalk as said using (source, record_id)
),
cell as (
  select profile_id, person_id, count(*)::double as records, count(*) filter (where missing) as missing
  from joined
  group by profile_id, person_id
),
profile as (
  select profile_id, sum(records) as records, count(*) as persons from cell group by profile_id
),
person as (
  select person_id, sum(records) as records, count(*) as profiles from cell group by person_id
)
select
  sum(cell.records)::bigint as records,
  sum(cell.missing)::bigint as missing,
  (sum(cell.records * (cell.records - 1)) / 2)::bigint as right_pairs,
  (select (sum(records * (records - 1)) / 2)::bigint from profile) as said_pairs,
  (select (sum(records * (records - 1)) / 2)::bigint from person) as true_pairs,
  sum(cell.records * cell.records / profile.records) / sum(cell.records) as bcubed_precision,
  sum(cell.records * cell.records / person.records) / sum(cell.records) as bcubed_recall,
  count(*) filter (where cell.records = profile.records and cell.records = person.records) as exact_persons,
  (select count(*) from profile where persons > 1) as over_merged,
  (select count(*) from person where profiles > 1) as over_split,
  (select count(*) from profile) as profiles,
  (select count(*) from person) as persons,
  (select max(records)::bigint from profile) as largest_profile
from cell
join profile using (profile_id)
join person using (person_id)
