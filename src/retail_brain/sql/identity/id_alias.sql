-- One row per id that no profile carries any more: old_profile_id, new_profile_id (where most of its records went; tie: where its first record went).
create or replace table profile_alias as
select old.profile_id as old_profile_id, new.profile_id as new_profile_id
from id_previous old
join crosswalk new using (record_no)
anti join crosswalk live on live.profile_id = old.profile_id
group by old.profile_id, new.profile_id
qualify row_number() over (partition by old.profile_id order by count(*) desc, min(old.record_no), new.profile_id) = 1
