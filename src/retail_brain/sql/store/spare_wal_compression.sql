-- one row where the role may decide it: no compression of the log in this transaction, since whole new indexes are logged
select set_config('wal_compression', 'off', true)
where current_setting('is_superuser') = 'on'
