-- One row per profile and true person that share records: profile_id, person_id, records, missing (not in the crosswalk).
create or replace temp table evaluate_cell as
select
    coalesce(said.profile_id, 'alone ' || real.source || ' ' || real.record_id) as profile_id,
    real.person_id,
    count(*) as records,
    count(*) filter (where said.profile_id is null) as missing
from evaluate_truth real
left join evaluate_crosswalk said using (source, record_id)
group by all
