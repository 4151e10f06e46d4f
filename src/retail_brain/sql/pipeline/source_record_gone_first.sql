-- No rows: nothing stood before a first run that could be gone.
create or replace view source_record_gone as
select null::bigint as record_no where false
