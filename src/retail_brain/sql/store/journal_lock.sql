-- one row without meaning: this session is the only one that writes the journal, until it lets go
select pg_advisory_lock(%(key)s)
