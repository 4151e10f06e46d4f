-- one row: the transaction is the only one that changes who belongs together, until it ends
select pg_advisory_xact_lock(%(key)s)
