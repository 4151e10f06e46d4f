-- one row per merge that stands, of a run, a model or a blocking rule: its number
select made.merge_id
from identity_merge_log as made
where made.kind = 'merge'
  and (%(run_id)s::bigint is null or made.run_id = %(run_id)s)
  and (%(model_id)s::text is null or made.model_id = %(model_id)s)
  and (%(blocking_rule)s::text is null or replace(made.blocking_rule, ' ', '') = replace(%(blocking_rule)s, ' ', ''))
  and (%(merge_ids)s::bigint[] is null or made.merge_id = any(%(merge_ids)s))
  and not exists (select from identity_merge_log as undone where undone.inverts = made.merge_id)
order by made.merge_id
limit %(limit)s
