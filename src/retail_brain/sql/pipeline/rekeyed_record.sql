-- One row per live record whose keys have to be made anew: all of its columns. The numbers are a table of their own, so that the
-- file of all records is read only where they are.
create or replace table rekeyed_record as
select * from live_record where record_no in (select record_no from rekeyed_no)
