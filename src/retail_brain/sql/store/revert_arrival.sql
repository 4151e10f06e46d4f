-- one row per record of a list that came between two runs and that no run has taken in yet: its number
select distinct record_no
from arrival
where record_no = any(%(record_nos)s)
