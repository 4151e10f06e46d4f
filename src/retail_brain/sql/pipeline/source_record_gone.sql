-- One row per record that vanished from a full snapshot.
create or replace view source_record_gone as
select record_no from record_change where action = 'gone'
