-- one row: whether a record waits for a run to end
select exists (select from waiting_record)
