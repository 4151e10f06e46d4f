-- One row per record: its standardised values, and what its row carries along.
create or replace temp view value_record as
select
    placed.source,
    placed.record_id,
    case when name.odd is null then placed.given_name else name.given_name end as given_name,
    case when name.odd is null then placed.middle_name else name.middle_name end as middle_name,
    case when name.odd is null then placed.family_name else name.family_name end as family_name,
    name.name_suffix,
    gender,
    email,
    coalesce(phone_plain, phone.phone) as phone,
    value_day_checked(coalesce(birth_day, birth.day, value_epoch(date_of_birth)::date)) as date_of_birth,
    address,
    city,
    region,
    case
        when five_digit.source is not null
            and regexp_full_match(postal_code, '[0-9]{3,4}')
            and coalesce(country_region, 'US') in ('US', 'PR', 'DE', 'ES', 'FI', 'FR', 'IT', 'MX')
            then lpad(postal_code, 5, '0')
        else postal_code
    end as postal_code,
    country,
    loyalty_id,
    national_id,
    value_time_checked(coalesce(change_time, value_moment(change.day, updated_at), value_epoch(updated_at))) as updated_at,
    attributes,
    carried
from value_placed as placed
left join value_name as name on name.odd = placed.name_key
left join value_phone as phone on phone.odd = placed.phone_key
left join value_date as birth on birth.odd = placed.source || chr(31) || 'date_of_birth' || chr(31) || value_date_text(placed.date_of_birth)
left join value_date as change on change.odd = placed.source || chr(31) || 'updated_at' || chr(31) || value_date_text(placed.updated_at)
left join value_five_digit as five_digit on five_digit.source = placed.source
