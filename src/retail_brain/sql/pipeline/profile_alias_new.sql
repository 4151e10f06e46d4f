-- One row per profile id that ended tonight: the profile that took its records over, or NULL where nobody did.
create or replace table profile_alias_new as
select gone.profile_id as alias_id, alias.new_profile_id as profile_id
from profile_gone as gone
left join profile_alias as alias on alias.old_profile_id = gone.profile_id
