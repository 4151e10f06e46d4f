-- one row when the profile is live: the run that wrote it last
select run_id
from profile
where profile_id = %(profile_id)s
