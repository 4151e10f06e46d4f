-- nothing: closes runs whose holder vanished; the token says that nobody else can still be working on them
update run
set
  status = 'failed',
  ended_at = clock_timestamp(),
  reason = coalesce(reason, 'the process ended without a word')
where status = 'running'
  and lease_token < %(token)s
