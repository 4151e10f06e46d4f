-- one row when the run was published: its state, generation and model, how far the log reached before it, how far decisions reached for it,
-- the highest record number then, how many runs were published later, and which run took it back
select
  run.run_id,
  run.status,
  run.generation,
  (run.counts ->> 'seen_merge_id')::bigint - coalesce((run.written ->> 'identity_merge_log')::bigint, 0) as last_merge_id,
  (run.counts ->> 'seen_decision_id')::bigint as seen_decision_id,
  (run.counts ->> 'last_record_no')::bigint as last_record_no,
  (select count(*) from run as later where later.generation > run.generation) as newer,
  exists (select from run as earlier where earlier.generation < run.generation and earlier.status = 'published') as has_base,
  coalesce(run.counts ? 'took_back', false) as is_revert,
  back.run_id as reverted_in,
  back.ended_at as reverted_at,
  back.counts ->> 'took_back_by' as reverted_by
from run
left join run as back on back.counts -> 'took_back' @> to_jsonb(run.run_id)
where run.run_id = %(run_id)s
