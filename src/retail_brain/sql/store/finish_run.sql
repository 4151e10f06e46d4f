-- nothing: sets the state of a run and adds to its counts and seconds; a published run keeps its state
update run
set
  status = case when status = 'published' then status else coalesce(%(status)s::text, status) end,
  ended_at = case when status <> 'published' and %(status)s::text is not null then clock_timestamp() else ended_at end,
  counts = counts || %(counts)s,
  seconds = seconds || %(seconds)s,
  reason = coalesce(%(reason)s::text, reason)
where run_id = %(run_id)s
