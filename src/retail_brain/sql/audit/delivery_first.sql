-- One row per record of a first run, as delivered: the record's columns and action.
create or replace temp view audit_delivered as
select *, 'new' as action from record
