-- one row: the newest published run, the generation that Redis has to hold, and whether the profile waits for Redis
select
  (select max(run_id) from run where status = 'published') as run_id,
  (select generation from cache_state) as cache_generation,
  exists (select from cache_outbox where profile_id = %(profile_id)s) as is_pending
