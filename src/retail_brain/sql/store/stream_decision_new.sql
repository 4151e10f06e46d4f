-- one row per decision or withdrawal that the last published run has not seen
select
  decision_id,
  kind,
  record_no_l,
  record_no_r
from identity_decision
where decision_id > coalesce((
  select (counts ->> 'seen_decision_id')::bigint
  from run
  where generation is not null
  order by generation desc
  limit 1
), 0)
