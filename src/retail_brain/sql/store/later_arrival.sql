-- one row when a record came since a run took its state
select
from arrival
where arrival_no > %(seen_arrival_no)s
limit 1
