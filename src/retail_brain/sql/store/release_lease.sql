-- nothing: frees the lease if the token is still the newest
update lease
set
  holder = null,
  run_id = null,
  expires_at = null
where name = 'run'
  and token = %(token)s
