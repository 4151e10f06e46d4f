-- one row per decision in force that names a record of member
select
  ruled.decision_id,
  ruled.kind,
  ruled.record_no_l,
  ruled.record_no_r,
  ruled.reason,
  ruled.ticket,
  ruled.decided_by,
  ruled.decided_at
from identity_decision as ruled
where (ruled.record_no_l = any(array(select record_no from member)) or ruled.record_no_r = any(array(select record_no from member)))
  and ruled.kind <> 'withdraw'
  and not exists (select from identity_decision as taken_back where taken_back.withdraws = ruled.decision_id)
order by ruled.decision_id
