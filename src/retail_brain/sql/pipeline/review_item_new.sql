-- One row per pair that was not in the review queue before, or was there with other evidence.
create or replace view review_item_new as
select * from review_item anti join review_item_before using (record_no_l, record_no_r, kind, match_weight, stake)
