-- nothing: says of some runs that they were taken back
update run
set status = 'reverted'
where run_id = any(%(run_ids)s)
