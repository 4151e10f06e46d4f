-- nothing: remembers one delivered file
insert into delivery (delivery_id, source, file_name, bytes, rows, accepted, quarantined, duplicates, run_id)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
