-- One row per row that the exact reader put aside.
insert into quarantined_row_new
select
  $delivery_id,
  $source,
  $file_name,
  line,
  reason,
  raw
from read_parquet($path)
