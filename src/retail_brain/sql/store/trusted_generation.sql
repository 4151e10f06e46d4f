-- one row unless the profile waits for Redis: the generation that Redis has to hold to be trusted
select generation
from cache_state
where not exists (select from cache_outbox where profile_id = %(profile_id)s)
