-- one row: this transaction is committed without waiting for the disk
select set_config('synchronous_commit', 'off', true)
