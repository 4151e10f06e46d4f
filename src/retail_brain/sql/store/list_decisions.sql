-- one row per ruling about two records, newest first: both by name, what became of them since, and who took it back
select
  ruled.decision_id,
  ruled.kind,
  ruled.record_no_l,
  ruled.record_no_r,
  record_l.source as source_l,
  record_l.record_id as record_id_l,
  record_r.source as source_r,
  record_r.record_id as record_id_r,
  ruled.reason,
  ruled.ticket,
  ruled.decided_by,
  ruled.decided_at,
  case
    when record_l.gone_run is not null then 'gone'
    when record_l.row_hash <> ruled.row_hash_l then 'changed'
    else 'same'
  end as state_l,
  case
    when record_r.gone_run is not null then 'gone'
    when record_r.row_hash <> ruled.row_hash_r then 'changed'
    else 'same'
  end as state_r,
  taken_back.decision_id as withdrawn_by_id,
  taken_back.decided_by as withdrawn_by,
  taken_back.decided_at as withdrawn_at,
  taken_back.reason as withdrawn_reason,
  taken_back.ticket as withdrawn_ticket
from identity_decision as ruled
join source_record as record_l on record_l.record_no = ruled.record_no_l
join source_record as record_r on record_r.record_no = ruled.record_no_r
left join identity_decision as taken_back on taken_back.withdraws = ruled.decision_id
where ruled.kind <> 'withdraw'
  and (%(decision_id)s::bigint is null or ruled.decision_id = %(decision_id)s)
  and (%(in_force)s::boolean is null or (taken_back.decision_id is null) = %(in_force)s)
  and (%(record_no)s::bigint is null or %(record_no)s in (ruled.record_no_l, ruled.record_no_r))
  and (%(profile_id)s::uuid is null or %(profile_id)s in (record_l.profile_id, record_r.profile_id))
  and (
    not %(stale)s
    or record_l.gone_run is not null
    or record_r.gone_run is not null
    or record_l.row_hash <> ruled.row_hash_l
    or record_r.row_hash <> ruled.row_hash_r
  )
order by ruled.decision_id desc
limit %(limit)s
