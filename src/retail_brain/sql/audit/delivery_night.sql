-- One row per record delivered tonight: the record's columns, its number and what happened to it.
create or replace temp view audit_delivered as
select tonight.*, change.record_no, change.action
from record_tonight as tonight
join record_change as change using (source, record_id)
