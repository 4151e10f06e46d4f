-- one row per decision or withdrawal that the last published run has not seen, a withdrawal with the kind of what it takes back
select
  ruled.decision_id,
  ruled.kind,
  ruled.record_no_l,
  ruled.record_no_r,
  taken_back.kind as withdrawn_kind
from identity_decision as ruled
left join identity_decision as taken_back on taken_back.decision_id = ruled.withdraws
where ruled.decision_id > coalesce((
  select (counts ->> 'seen_decision_id')::bigint
  from run
  where generation is not null
  order by generation desc
  limit 1
), 0)
