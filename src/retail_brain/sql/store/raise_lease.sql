-- nothing: frees the lease with a token that no process from before the restore holds
update lease
set
  token = greatest(token + 1, (extract(epoch from clock_timestamp()) * 1000)::bigint),
  holder = null,
  run_id = null,
  expires_at = null
