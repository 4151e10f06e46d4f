-- One row per contact of the call centre: "Last, First M.", one line of address, notes beside numbers.
select
    record_id(source, record_no) as contact_id,
    family_name || coalesce(' ' || name_suffix, '') || ', ' || if(style > 0.93, 'Mr. ', '') || given_name || coalesce(' ' || middle_name[1] || '.', '') as full_name,
    if(style < 0.12 and email not like '%@shop.example', given_name || ' ' || family_name || ' <' || email || '>', email) as email_address,
    phone_text(phone, style) || if(style > 0.97, ' ext. 2', '') as telephone,
    strftime(date_of_birth, '%d %b %Y') as date_of_birth,
    case when has_address then street_line(house_number, street, street_type) || coalesce(', ' || flat, '') end as mailing_address,
    case when has_address then city end as town,
    case when has_address then state end as province,
    case when has_address and not no_postal_code then postal_code end as postal_code,
    loyalty_id as loyalty_card,
    if(style < 0.2, 'prefers e-mail', null) as note,
    strftime(updated_at, '%Y-%m-%d %H:%M:%S') as changed_on
from synth_noisy
where source = 'crm'
order by record_no, revision, copy
