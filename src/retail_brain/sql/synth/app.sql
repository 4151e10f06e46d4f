-- One row per account of the app: one name, international phone numbers, semicolons between the columns.
select
    record_id(source, record_no) as account_id,
    if(style < 0.1, lower(given_name || ' ' || family_name), given_name || ' ' || family_name) as full_name,
    email as mail,
    if(length(phone) = 10 and phone <> '0000000000', '+1' || phone, phone) as mobile_phone,
    strftime(date_of_birth, '%Y-%m-%d') as birthdate,
    case when has_address and not no_postal_code then postal_code end as zip_code,
    loyalty_id as loyalty_number,
    if(style < 0.55, 'ios', 'android') as platform,
    epoch(updated_at)::bigint as last_seen
from synth_noisy
where source = 'app'
order by record_no, revision, copy
