-- one row when the profile waits for Redis
select seq
from cache_outbox
where profile_id = %(profile_id)s
