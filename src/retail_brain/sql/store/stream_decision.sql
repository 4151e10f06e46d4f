-- one row per decision that stands: not withdrawn by another row
select
  decision_id,
  kind,
  record_no_l,
  record_no_r
from identity_decision as ruled
where kind <> 'withdraw'
  and not exists (select from identity_decision as taken_back where taken_back.withdraws = ruled.decision_id)
