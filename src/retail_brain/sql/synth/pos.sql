-- One row per line of the tills' export: short columns, capital letters, American dates.
select
    record_id(source, record_no) as cust_no,
    upper(strip_accents(given_name)) as "FirstName",
    upper(strip_accents(family_name)) as "LNAME",
    phone_text(phone, style) as phone_number,
    email as email_addr,
    strftime(date_of_birth, '%m/%d/%Y') as dob,
    case when has_address then upper(street_line(house_number, street, street_type)) end as address_1,
    case when has_address then upper(city) end as suburb,
    case when has_address then state end as st,
    case when has_address and not no_postal_code then postal_code end as zip,
    strftime(updated_at, '%m/%d/%Y %H:%M:%S') as last_visit
from synth_noisy
where source = 'pos'
order by record_no, revision, copy
