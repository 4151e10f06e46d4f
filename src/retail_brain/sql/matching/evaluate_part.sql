-- One row per error and part of it (a person in a mixed profile, a profile of a split person), the largest parts first: kind, id, keys (the first few records, source:record_id).
with part as (
    select error.kind, error.id, cell.profile_id, cell.person_id, cell.records
    from evaluate_error error
    join evaluate_cell cell on error.id = case error.kind when 'over_merged' then cell.profile_id else cell.person_id end
    qualify row_number() over (partition by error.kind, error.id order by cell.records desc, cell.profile_id, cell.person_id) <= $parts
),
member as (
    select real.source || ':' || real.record_id as key, coalesce(said.profile_id, 'alone ' || real.source || ' ' || real.record_id) as profile_id, real.person_id
    from evaluate_truth real
    left join evaluate_crosswalk said using (source, record_id)
    where real.person_id in (select person_id from part)
)
select part.kind, part.id, list_sort(list(member.key))[1:$keys] as keys
from part
join member using (profile_id, person_id)
group by part.kind, part.id, part.profile_id, part.person_id, part.records
order by part.kind, part.id, part.records desc, part.profile_id, part.person_id
