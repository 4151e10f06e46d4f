-- One row: pairs right, said and real, B-cubed precision and recall, counts; exact_persons are whole in a profile of their own.
with profile as (
    select profile_id, sum(records) as records, count(*) as persons from evaluate_cell group by profile_id
),
person as (
    select person_id, sum(records) as records, count(*) as profiles from evaluate_cell group by person_id
)
select
    coalesce(sum(cell.records), 0)::bigint as records,
    coalesce(sum(cell.missing), 0)::bigint as missing,
    coalesce(sum(cell.records * (cell.records - 1) // 2), 0)::bigint as right_pairs,
    (select coalesce(sum(records * (records - 1) // 2), 0)::bigint from profile) as said_pairs,
    (select coalesce(sum(records * (records - 1) // 2), 0)::bigint from person) as real_pairs,
    coalesce(sum(cell.records::double * cell.records / profile.records) / sum(cell.records), 0) as bcubed_precision,
    coalesce(sum(cell.records::double * cell.records / person.records) / sum(cell.records), 0) as bcubed_recall,
    (select count(*) from profile where persons > 1) as over_merged,
    (select count(*) from person where profiles > 1) as over_split,
    count(*) filter (where profile.persons = 1 and person.profiles = 1 and cell.missing = 0) as exact_persons,
    (select coalesce(max(records), 0)::bigint from profile) as largest_profile,
    (select count(*) from profile) as profiles,
    (select count(*) from person) as persons
from evaluate_cell cell
join profile using (profile_id)
join person using (person_id)
