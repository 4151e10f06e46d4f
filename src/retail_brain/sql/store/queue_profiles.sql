-- nothing: queues profiles for Redis; one that waits already gets a newer seq
insert into cache_outbox (profile_id)
select profile_id
from unnest(%(profile_ids)s::uuid[]) as touched (profile_id)
order by profile_id
on conflict (profile_id) do update set
  seq = default,
  queued_at = excluded.queued_at
