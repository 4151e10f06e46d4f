-- one row: the generation that the run was published as
update run
set
  status = 'published',
  ended_at = clock_timestamp(),
  generation = (select coalesce(max(generation), 0) + 1 from run),
  model_id = coalesce(%(model_id)s, model_id),
  counts = run.counts || %(counts)s,
  seconds = run.seconds || %(seconds)s,
  written = %(written)s,
  seal = nullif(%(seal)s, '')
where run_id = %(run_id)s
returning generation
