-- one row when the lease was free or its time was up: token, holder, end
update lease
set
  token = token + 1,
  run_id = null,
  holder = %(holder)s,
  acquired_at = clock_timestamp(),
  renewed_at = clock_timestamp(),
  expires_at = clock_timestamp() + make_interval(secs => %(duration_s)s)
where name = 'run'
  and (holder is null or expires_at < clock_timestamp())
returning
  token,
  holder,
  expires_at
