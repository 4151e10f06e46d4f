-- Nothing: takes the versions out of tonight's files that are older than what came between the nights.
delete from record_tonight
where (source, record_id) in (select (source, record_id) from arrived_settled)
  and (source, record_id, row_hash) not in (select (source, record_id, row_hash) from arrived_record)
