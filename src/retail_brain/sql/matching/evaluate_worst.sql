-- One row per error, worst first: kind ('over_merged' profile or 'over_split' person), id, records, part_count, pairs wrong or missed.
create or replace temp table evaluate_error as
select 'over_merged' as kind, profile_id as id, sum(records)::bigint as records, count(*) as part_count,
    (sum(records) * (sum(records) - 1) // 2 - sum(records * (records - 1) // 2))::bigint as pairs
from evaluate_cell
group by profile_id
having count(*) > 1
union all
select 'over_split', person_id, sum(records)::bigint, count(*),
    (sum(records) * (sum(records) - 1) // 2 - sum(records * (records - 1) // 2))::bigint
from evaluate_cell
group by person_id
having count(*) > 1
order by pairs desc, kind, id
limit ?
