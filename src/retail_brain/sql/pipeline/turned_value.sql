-- One row per value that came into sharing or out of it tonight: field, value, shared (whether it is now).
create or replace table turned_value as
select field, value, true as shared from shared_value anti join shared_value_before using (field, value)
union all
select field, value, false from shared_value_before anti join shared_value using (field, value)
