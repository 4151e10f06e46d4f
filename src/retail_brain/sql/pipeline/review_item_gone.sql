-- One row per pair that has left the review queue.
create or replace view review_item_gone as
select record_no_l, record_no_r, kind
from review_item_before
anti join review_item using (record_no_l, record_no_r, kind)
