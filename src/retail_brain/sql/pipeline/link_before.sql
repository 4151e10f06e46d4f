-- One row per pair to walk again that was a link when the last state was published.
create or replace table link_before as
select record_no_l, record_no_r
from edge_before
where match_probability >= $merge_probability
  and record_no_l in (select record_no from touched_before)
  and record_no_r in (select record_no from touched_before)
