-- One row per pair of records that tonight did not touch: it waits as before.
insert into review_item by name
select *
from review_item_before
where record_no_l not in (select record_no from touched_record)
  and record_no_r not in (select record_no from touched_record)
