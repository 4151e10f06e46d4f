-- One row per profile that no record holds any more.
create or replace table profile_gone as
select distinct before.profile_id
from touched_before as before
anti join crosswalk_tonight as now using (profile_id)
