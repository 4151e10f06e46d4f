-- one row: the generation that the run was published as
update run
set
  status = 'published',
  ended_at = clock_timestamp(),
  generation = (select coalesce(max(generation), 0) + 1 from run),
  model_id = coalesce(%(model_id)s, model_id),
  counts = run.counts || %(counts)s || jsonb_build_object('last_record_no', (select coalesce(max(record_no), 0) from source_record)),
  seconds = run.seconds || %(seconds)s,
  written = %(written)s,
  seal = nullif(%(seal)s, '')
where run_id = %(run_id)s
returning generation
