-- One row per live record: tonight's keys where they were made anew, else the ones from before.
create or replace table match_key as
select *
from match_key_before
where record_no not in (select record_no from rekeyed_record) and record_no in (select record_no from live_record)
union all by name
select * from match_key_tonight
