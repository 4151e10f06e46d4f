-- one row: how many profiles wait for Redis
select count(*)
from cache_outbox
