-- One row per row that the exact reader put aside.
insert into quarantined_row_new
select
  $delivery_id,
  $source,
  $file_name,
  line,
  reason,
  raw
from read_csv(
  $path, auto_detect = false, header = false, delim = ',', quote = '"', escape = '"', compression = 'none',
  columns = {'line': 'bigint', 'reason': 'varchar', 'raw': 'varchar'}, max_line_size = 1000000
)
