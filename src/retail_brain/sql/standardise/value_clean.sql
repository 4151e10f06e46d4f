-- One row per delivered record: its texts made clean; phone, e-mail, dates and numbers still as delivered.
create or replace temp view value_clean as
select
    source,
    record_id,
    value_text(full_name) as full_name,
    value_text(native_name) as native_name,
    value_text(given_name) as given_name,
    value_text(middle_name) as middle_name,
    value_text(family_name) as family_name,
    value_text(name_suffix) as name_suffix,
    gender,
    email,
    value_text(phone) as phone,
    value_text(date_of_birth) as date_of_birth,
    value_word(address) as address,
    value_word(city) as city,
    value_word(region) as region,
    value_word(postal_code) as postal_code,
    value_word(country) as country,
    loyalty_id,
    national_id,
    value_text(updated_at) as updated_at,
    attributes
from value_delivered
