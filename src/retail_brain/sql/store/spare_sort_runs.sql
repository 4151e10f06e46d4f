-- one row where the server is set to less: memory for building one index of a first load in this transaction, so that it sorts in few runs
select set_config('maintenance_work_mem', '256MB', true)
where pg_size_bytes(current_setting('maintenance_work_mem')) < pg_size_bytes('256MB')
