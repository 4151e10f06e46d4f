-- One row per scored pair of which at least one record is walked again.
create or replace table touched_edge as
select *
from edge
where record_no_l in (select record_no from touched_record) or record_no_r in (select record_no from touched_record)
