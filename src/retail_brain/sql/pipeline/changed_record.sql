-- One row per record whose row changed tonight: new, changed, returned or gone.
create or replace table changed_record as
select record_no from record_change where action <> 'unchanged'
