-- one row when the token is still the newest: the new end, the run
update lease
set
  renewed_at = clock_timestamp(),
  expires_at = clock_timestamp() + make_interval(secs => %(duration_s)s)
where name = 'run'
  and token = %(token)s
  and holder is not null
returning
  expires_at,
  run_id
