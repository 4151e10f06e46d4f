-- one row when the lease was free, its time was up or its holder is known to be dead: token, holder, end
update lease
set
  token = token + 1,
  run_id = null,
  holder = %(holder)s,
  acquired_at = clock_timestamp(),
  renewed_at = clock_timestamp(),
  expires_at = clock_timestamp() + make_interval(secs => %(duration_s)s)
where name = 'run'
  and (holder is null or expires_at < clock_timestamp() or holder = %(dead_holder)s::text)
returning
  token,
  holder,
  expires_at
