-- One row per record delivered tonight, or gone from a full snapshot: what happened to it.
create or replace table record_change as
with delivered as (
  select
    tonight.source,
    tonight.record_id,
    before.record_no,
    case
      when before.record_no is null then 'new'
      when before.gone then 'returned'
      when before.row_hash <> tonight.row_hash or before.record_no in (select record_no from arrived_record) then 'changed'
      else 'unchanged'
    end as action
  from record_tonight as tonight
  left join record_before as before using (source, record_id)
),
gone as (
  select before.source, before.record_id, before.record_no, 'gone' as action
  from record_before as before
  anti join record_tonight as tonight using (source, record_id)
  where not before.gone and list_contains($full_sources, before.source)
),
numbered as (
  select
    source,
    record_id,
    action,
    (
      select coalesce(max(record_no), 0)
      from (select record_no from record_before union all select record_no from arrived_record)
    ) + row_number() over (order by source, record_id) as record_no
  from delivered
  anti join arrived_record using (source, record_id)
  where action = 'new'
)
select source, record_id, record_no, action from numbered
union all
select source, record_id, arrived_record.record_no, action
from delivered
join arrived_record using (source, record_id)
where action = 'new'
union all
select source, record_id, record_no, action from delivered where action <> 'new'
union all
select source, record_id, record_no, action from gone
