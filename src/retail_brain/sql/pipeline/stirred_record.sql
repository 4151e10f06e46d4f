-- One row per record that tonight stirs: its row or keys changed, a person ruled on it, or its profile holds such a record.
create or replace table stirred_record as
with stirred as (
  select record_no from changed_record
  union
  select record_no from changed_key
  union
  select record_no_l from decision_new
  union
  select record_no_r from decision_new
)
select record_no from stirred
union
select record_no
from previous_crosswalk
where profile_id in (select profile_id from previous_crosswalk semi join stirred using (record_no))
