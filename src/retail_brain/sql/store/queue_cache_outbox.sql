-- nothing: queues each profile that this run touches, before it does; a profile that waits already gets a newer seq
with touched as (
  select profile_id from profile_new
  union
  select profile_id from profile_gone_new
  union
  select profile_id from source_record_new
  union
  select source_record.profile_id
  from source_record
  join (
    select record_no from source_record_new
    union all
    select record_no from source_record_gone_new
  ) as moved on moved.record_no = source_record.record_no
)

insert into cache_outbox (profile_id)
select profile_id
from touched
where profile_id is not null
order by profile_id
on conflict (profile_id) do update set
  seq = default,
  queued_at = excluded.queued_at
