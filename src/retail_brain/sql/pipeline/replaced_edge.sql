-- One row per record whose scored pairs of before no longer count: other keys, or gone.
create or replace table replaced_edge as
select record_no from changed_key
union
select record_no from record_change where action = 'gone'
