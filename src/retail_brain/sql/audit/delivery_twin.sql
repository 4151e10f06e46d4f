-- One row per source: the share of its new records that are in one profile with another record of the same source, and their number.
with fresh as (
  select row.source, row.record_no, crosswalk.profile_id
  from audit_row as row
  join crosswalk using (record_no)
  where row.action = 'new'
),
member as (
  select crosswalk.profile_id, record.source, count(*) as records
  from crosswalk
  semi join fresh using (profile_id)
  join record using (record_no)
  group by crosswalk.profile_id, record.source
)
select fresh.source, avg((member.records > 1)::double) as share, count(*) filter (where member.records > 1) as rows
from fresh
join member using (profile_id, source)
group by fresh.source
order by fresh.source
