-- One row per line of the web shop's export: what customers typed themselves, house number and street apart.
select
    record_id(source, record_no) as customer_id,
    if(style < 0.08, lower(given_name), given_name) as given_name,
    if(style < 0.08, lower(family_name), family_name) as surname,
    if(style between 0.1 and 0.2, upper(email), email) as "e-mail",
    phone_text(phone, style) as tel,
    strftime(date_of_birth, '%Y-%m-%d') as birth_date,
    case when has_address then house_number end as house_no,
    case when has_address then street || ' ' || street_type end as street,
    case when has_address then flat end as address_2,
    case when has_address then city end as city,
    case when has_address then state end as state,
    case when has_address and not no_postal_code then postal_code end as postcode,
    case when has_address then 'US' end as country,
    loyalty_id as card_no,
    if(style < 0.4, 'yes', 'no') as newsletter,
    strftime(updated_at, '%Y-%m-%dT%H:%M:%SZ') as modified
from synth_noisy
where source = 'ecommerce'
order by record_no, revision, copy
