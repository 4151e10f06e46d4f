-- nothing: a record waits no more; a newer version that came meanwhile stays
delete from waiting_record
where source = %(source)s
  and record_id = %(record_id)s
  and raw = %(raw)s
