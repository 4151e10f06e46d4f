-- One row per record of a first run.
create or replace view source_record_upsert as
select record.* exclude (gone), crosswalk.profile_id
from record
join crosswalk using (record_no)
