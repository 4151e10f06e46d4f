-- one row: whether no run is at work; no row while a run is being published. The lease cannot be taken until the transaction ends
select holder is null or expires_at < clock_timestamp() as free
from lease
where name = 'run'
for share skip locked
