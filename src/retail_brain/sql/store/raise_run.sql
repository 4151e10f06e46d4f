-- one row unless the number is 0: the number after which the next run comes, this one at least
select setval(sequence, greatest(%(run_id)s::bigint, coalesce(pg_sequence_last_value(sequence::regclass), 0)))
from (select pg_get_serial_sequence('run', 'run_id') as sequence) as counted
where %(run_id)s::bigint > 0
