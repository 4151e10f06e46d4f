-- one row per run, newest first
select
  run_id,
  status,
  started_at,
  ended_at,
  generation,
  model_id,
  holder,
  reason,
  counts,
  seconds,
  written,
  seal
from run
where (%(status)s::text is null or status = %(status)s)
  and (%(run_id)s::bigint is null or run_id = %(run_id)s)
order by run_id desc
limit %(limit)s
