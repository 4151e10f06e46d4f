-- One row per pair that was linked when one of its records came between the nights, while that record is as it came.
create or replace table arrived_link as
select distinct least(record_no, other_no) as record_no_l, greatest(record_no, other_no) as record_no_r
from (
  select record_no, unnest(string_split(linked, ' '))::bigint as other_no
  from arrived_record
  semi join arrived_settled using (record_no)
  where linked <> ''
)
