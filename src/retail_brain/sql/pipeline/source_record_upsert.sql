-- One row per record that is new or changed, or that another profile holds now.
create or replace view source_record_upsert as
select record.* exclude (gone), crosswalk.profile_id
from record
join crosswalk using (record_no)
left join previous_crosswalk as before using (record_no)
left join record_change as change on change.record_no = record.record_no and change.action <> 'unchanged'
where change.record_no is not null or before.profile_id is distinct from crosswalk.profile_id
