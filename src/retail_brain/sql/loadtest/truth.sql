-- one row per record that the truth knows and that was delivered: source, record_id, person_id
create or replace table truth as
select
  truth_row.source::varchar as source,
  truth_row.record_id::varchar as record_id,
  truth_row.person_id::varchar as person_id
from truth_row
semi join crosswalk
  on crosswalk.source::varchar = truth_row.source::varchar
  and crosswalk.record_id::varchar = truth_row.record_id::varchar
