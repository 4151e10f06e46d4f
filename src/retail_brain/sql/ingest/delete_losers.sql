-- Removes the rows of repeated records that are copies or superseded.
delete from delivered_row
using repeated_row
where delivered_row.delivery_id = repeated_row.delivery_id
  and delivered_row.line = repeated_row.line
  and repeated_row.rank > 1
