-- one row: whether this login may place the records that wait
select has_table_privilege('waiting_record', 'delete')
