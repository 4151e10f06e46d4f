-- one row: another session may write the journal
select pg_advisory_unlock(%(key)s)
