-- One row per link that was refused before and whose two records are what they were.
create or replace table refused_before as
with changed as (
  select record_no from record_change where action <> 'unchanged'
)
select record_no_l, record_no_r
from review_item_before
where kind = 'refused'
  and record_no_l not in (select record_no from changed)
  and record_no_r not in (select record_no from changed)
