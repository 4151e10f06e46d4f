-- nothing: keeps a record that came while a run is at work; a newer version takes the place of an older one
insert into waiting_record (source, record_id, raw)
values (%(source)s, %(record_id)s, %(raw)s)
on conflict (source, record_id) do update set
  raw = excluded.raw,
  waiting_since = excluded.waiting_since
