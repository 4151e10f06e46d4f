-- One row per record to walk again: stirred, or linked to a stirred one by links of tonight.
create or replace table touched_record as
select record_no from stirred_record
union
select record_no from link_group
