-- One row: how many rows a Parquet file says it has, and how many bytes they are when unpacked.
select
  coalesce((select sum(num_rows) from parquet_file_metadata($path)), 0) as rows,
  coalesce((select sum(total_uncompressed_size) from parquet_metadata($path)), 0) as unpacked
