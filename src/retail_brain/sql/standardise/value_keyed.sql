-- One row per delivered record: values that SQL can make by itself, and a key for each that a parser has to look at.
-- Keys are NULL where nothing is odd, so that the joins with the parsers' answers cost next to nothing.
create or replace temp table value_keyed as
with clean as (
    select
        source,
        record_id,
        value_text(full_name) as full_name,
        value_text(native_name) as native_name,
        value_text(given_name) as given_name,
        value_text(middle_name) as middle_name,
        value_text(family_name) as family_name,
        value_text(name_suffix) as name_suffix,
        value_text(gender) as gender,
        email,
        phone,
        date_of_birth,
        value_text(address) as address,
        value_text(city) as city,
        value_text(region) as region,
        value_text(postal_code) as postal_code,
        value_text(country) as country,
        loyalty_id,
        national_id,
        updated_at,
        attributes,
        carried
    from value_delivered
),

tested as (
    select
        * replace (
            value_word(address) as address,
            value_word(city) as city,
            value_word(region) as region,
            value_word(postal_code) as postal_code,
            value_word(country) as country
        ),
        coalesce(given_name, middle_name, family_name, name_suffix) is null as is_whole,
        case
            when coalesce(given_name, middle_name, family_name, name_suffix) is not null
                then name_suffix is null and value_name_plain(given_name, middle_name, family_name)
            when full_name is not null then value_name_whole(full_name)
            else native_name is null
        end as is_plain,
        value_phone_plain(phone) as phone_plain,
        value_iso_day(date_of_birth) as birth_day,
        value_iso_time(updated_at) as change_time
    from clean
)

select
    source,
    record_id,
    case
        when not is_whole then given_name
        when contains(full_name, ',') then regexp_extract(full_name, ', (\S+)', 1)
        else regexp_extract(full_name, '^\S+')
    end as given_name,
    case
        when not is_whole then middle_name
        when contains(full_name, ',') then nullif(regexp_extract(full_name, ', \S+ (\S+)$', 1), '')
        else nullif(regexp_extract(full_name, ' (\S+) ', 1), '')
    end as middle_name,
    case
        when not is_whole then family_name
        when contains(full_name, ',') then regexp_extract(full_name, '^([^,]+),', 1)
        else regexp_extract(full_name, '\S+$')
    end as family_name,
    case
        when is_plain then null
        else concat(given_name, chr(31), middle_name, chr(31), family_name, chr(31), name_suffix, chr(31), full_name, chr(31), native_name)
    end as name_key,
    value_gender(gender) as gender,
    value_email(email) as email,
    phone_plain,
    case when phone_plain is null then value_text(phone) else phone end as phone,
    birth_day,
    case when birth_day is null then value_text(date_of_birth) end as date_of_birth,
    address,
    city,
    region,
    postal_code,
    country,
    value_address_key(address, city, region, postal_code, country) as address_key,
    value_identifier(loyalty_id) as loyalty_id,
    value_identifier(national_id) as national_id,
    change_time,
    case when change_time is null then value_text(updated_at) end as updated_at,
    attributes,
    carried
from tested
