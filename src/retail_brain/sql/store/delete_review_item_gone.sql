-- nothing: removes the pairs of the temporary table review_item_gone_new
delete from review_item
using review_item_gone_new
where review_item.record_no_l = review_item_gone_new.record_no_l
  and review_item.record_no_r = review_item_gone_new.record_no_r
