-- one row: the generation that Redis has to hold
select generation
from cache_state
