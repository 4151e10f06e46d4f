-- One row per member of the loyalty programme: typed columns, the card's number, dates as dates.
select
    record_id(source, record_no)::bigint as member_id,
    loyalty_id as card_number,
    given_name as first_name,
    middle_name as middle_name,
    family_name as last_name,
    name_suffix as suffix,
    gender as sex,
    date_of_birth as birthday,
    phone_text(phone, style) as mobile,
    email as email,
    case when has_address then street_line(house_number, street, street_type) || coalesce(', ' || flat, '') end as address_line,
    case when has_address then city end as city,
    case when has_address then state end as region,
    case when has_address and not no_postal_code then postal_code end as postal_code,
    case when style < 0.1 then 'gold' when style < 0.35 then 'silver' else 'basic' end as tier,
    updated_at as last_update
from synth_kept
order by record_no, revision, copy
