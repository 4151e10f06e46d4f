-- One row per record that is new or changed, or that another profile holds now.
create or replace view source_record_upsert as
with moved as (
  select now.record_no, now.profile_id
  from crosswalk_tonight as now
  left join touched_before as before using (record_no)
  where now.record_no in (select record_no from changed_record) or before.profile_id is distinct from now.profile_id
)
select record.* exclude (gone), moved.profile_id
from record
join moved using (record_no)
