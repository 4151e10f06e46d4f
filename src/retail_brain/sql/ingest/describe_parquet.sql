-- One row per column of a Parquet file: its name and DuckDB type.
select
  column_name,
  column_type
from (describe select * from read_parquet($path))
