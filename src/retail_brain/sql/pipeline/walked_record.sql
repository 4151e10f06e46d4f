-- One row per live record among those to walk again, with the keys that bounds count.
create or replace table walked_record as
select record_no, loyalty_key, national_key, birth_date, email_key, phone_key
from match_key
semi join touched_record using (record_no)
