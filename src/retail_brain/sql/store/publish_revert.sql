-- one row: the generation of the run that took others back; it stands on what the run before them left, by the rules and the model of the last one
update run
set
  status = 'published',
  ended_at = clock_timestamp(),
  generation = (select max(generation) + 1 from run),
  model_id = head.model_id,
  reason = %(reason)s,
  counts = jsonb_build_object(
    'took_back', %(run_ids)s::bigint[],
    'took_back_by', %(decided_by)s::text,
    'rules', head.counts -> 'rules',
    'metrics', coalesce(base.counts -> 'metrics', '{}'),
    'seen_merge_id', (select coalesce(max(merge_id), 0) from identity_merge_log),
    'seen_decision_id', case
      when (head.counts ->> 'seen_decision_id')::bigint < %(last_decision_id)s then (head.counts ->> 'seen_decision_id')::bigint
      else (select coalesce(max(decision_id), 0) from identity_decision)
    end,
    'last_record_no', (select coalesce(max(record_no), 0) from source_record)
  ),
  written = %(written)s,
  seal = nullif(%(seal)s, '')
from (select model_id, counts from run where generation is not null order by generation desc limit 1) as head
left join (
  select counts
  from run
  where generation < (select min(generation) from run where run_id = any(%(run_ids)s))
    and status = 'published'
  order by generation desc
  limit 1
) as base on true
where run.run_id = %(run_id)s
returning generation
