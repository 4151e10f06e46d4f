-- One row per clash between a record of the one list and one of the other, the clearest first.
select record_no_l, record_no_r, reason
from clash
where (list_contains($1, record_no_l) and list_contains($2, record_no_r))
   or (list_contains($2, record_no_l) and list_contains($1, record_no_r))
order by clash_bits, record_no_l, record_no_r
