-- One row per scored pair of two live records whose keys are what they were.
create or replace table edge_kept as
from edge_before
where record_no_l not in (select record_no from changed_key)
  and record_no_r not in (select record_no from changed_key)
  and record_no_l in (select record_no from match_key)
  and record_no_r in (select record_no from match_key)
