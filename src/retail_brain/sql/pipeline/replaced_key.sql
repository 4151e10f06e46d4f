-- One row per record whose keys of before no longer count: they were made anew, or the record is gone.
create or replace table replaced_key as
select record_no from rekeyed_record
union
select record_no from record_change where action = 'gone'
