-- One row per live record whose keys have to be made anew: it changed, or one of its values came into or out of sharing.
create or replace table rekeyed_record as
with turned as (
  (select field, value from shared_value except select field, value from shared_value_before)
  union
  (select field, value from shared_value_before except select field, value from shared_value)
)
select live_record.*
from live_record
left join record_change as change on change.record_no = live_record.record_no and change.action <> 'unchanged'
where change.record_no is not null
  or live_record.email in (select value from turned where field = 'email')
  or live_record.date_of_birth::varchar in (select value from turned where field = 'date_of_birth')
  or fold_phone(regexp_replace(live_record.phone, '[^0-9]', '', 'g')) in (select value from turned where field = 'phone')
  or fold_code(live_record.loyalty_id) in (select value from turned where field = 'loyalty_id')
  or fold_code(live_record.national_id) in (select value from turned where field = 'national_id')
