-- One row per record to walk again that stood in a profile before: record_no, profile_id.
create or replace table touched_before as
select * from previous_crosswalk semi join touched_record using (record_no)
