-- one row when the run is published: its generation, what it wrote, the seal of the log, the generation of the cache
select
  run.generation,
  run.written,
  run.seal,
  cache_state.generation
from run
cross join cache_state
where run.run_id = %(run_id)s
  and run.status = 'published'
