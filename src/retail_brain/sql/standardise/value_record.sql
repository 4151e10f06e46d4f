-- One row per record: its standardised values.
create or replace temp view value_record as
with named as (
    select
        *,
        value_name_key(full_name, native_name, given_name, middle_name, family_name, name_suffix) as name_key,
        given_name is null and family_name is null and full_name is not null as whole_name
    from value_placed
)

select
    named.source,
    named.record_id,
    case
        when name.odd is not null then name.given_name
        when not whole_name then named.given_name
        when contains(full_name, ',') then regexp_extract(full_name, ', (\S+)', 1)
        else regexp_extract(full_name, '^\S+')
    end as given_name,
    case
        when name.odd is not null then name.middle_name
        when whole_name then nullif(regexp_extract(full_name, ' (\S) ', 1), '')
        else named.middle_name
    end as middle_name,
    case
        when name.odd is not null then name.family_name
        when not whole_name then named.family_name
        when contains(full_name, ',') then regexp_extract(full_name, '^([^,]+),', 1)
        else regexp_extract(full_name, '\S+$')
    end as family_name,
    name.name_suffix as name_suffix,
    value_gender(named.gender) as gender,
    value_email(named.email) as email,
    coalesce(value_phone_plain(named.phone, named.phone_region), phone.phone) as phone,
    value_day(named.date_of_birth, birth.day) as date_of_birth,
    named.address,
    named.city,
    named.region,
    case
        when five_digit.source is not null
            and regexp_full_match(named.postal_code, '[0-9]{3,4}')
            and coalesce(country_region, 'US') in ('US', 'PR', 'DE', 'ES', 'FI', 'FR', 'IT', 'MX')
            then lpad(named.postal_code, 5, '0')
        else named.postal_code
    end as postal_code,
    named.country,
    value_identifier(named.loyalty_id) as loyalty_id,
    value_identifier(named.national_id) as national_id,
    value_time(named.updated_at, changed.day) as updated_at,
    named.attributes
from named
left join value_name as name on name.odd = named.name_key
left join value_phone as phone on phone.odd = named.phone || chr(31) || named.phone_region
left join value_date as birth
    on birth.odd = named.source || chr(31) || 'date_of_birth' || chr(31) || value_date_text(named.date_of_birth)
left join value_date as changed
    on changed.odd = named.source || chr(31) || 'updated_at' || chr(31) || value_date_text(named.updated_at)
left join value_five_digit as five_digit on five_digit.source = named.source
