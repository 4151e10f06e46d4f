-- One row per delivery with copies: delivery_id, how many of its rows equal another row of the same record.
select
  delivery_id,
  count(*) as duplicates
from repeated_row
where is_copy
group by delivery_id
