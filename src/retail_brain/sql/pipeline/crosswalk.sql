-- One row per live record: record_no, profile_id; as tonight's walk gave it, and as before where it was not walked.
create or replace table crosswalk as
select record_no, profile_id from crosswalk_tonight
union all
select record_no, profile_id from previous_crosswalk where record_no not in (select record_no from touched_record)
