-- One row per profile that no record holds any more.
create or replace table profile_gone as
select distinct before.profile_id
from previous_crosswalk as before
anti join crosswalk as now using (profile_id)
