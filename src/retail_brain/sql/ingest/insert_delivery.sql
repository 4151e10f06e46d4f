-- One row: a delivery with its counts.
insert into delivery_new
values ($delivery_id, $source, $file_name, $bytes, $rows, $accepted, $quarantined, $duplicates)
