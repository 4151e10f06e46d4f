-- nothing: remembers one delivered file; one whose run was taken back belongs to the run that takes it again
insert into delivery (delivery_id, source, file_name, bytes, rows, accepted, quarantined, duplicates, run_id)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
on conflict (source, delivery_id) do update set
  file_name = excluded.file_name,
  rows = excluded.rows,
  accepted = excluded.accepted,
  quarantined = excluded.quarantined,
  duplicates = excluded.duplicates,
  run_id = excluded.run_id
