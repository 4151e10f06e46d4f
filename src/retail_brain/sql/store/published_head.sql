-- one row when a run is published: the last one, the highest number in the merge log, and whether nobody merged since
select
  run.run_id,
  run.generation,
  run.model_id,
  (select coalesce(max(merge_id), 0) from identity_merge_log) as last_merge_id,
  not exists (
    select
    from identity_merge_log
    where identity_merge_log.run_id is null
      and identity_merge_log.logged_at > run.ended_at
  ) as untouched_since_publish
from run
where run.generation is not null
order by run.generation desc
limit 1
