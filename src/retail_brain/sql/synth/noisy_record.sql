-- One row per line of tonight's deliveries as the clerk, the customer or the till wrote it: with gaps, slips and stand-ins.
create or replace temp view synth_noisy as
with gap as (
    select
        *,
        revision > 1 and draw(revision_key, 'asked') < 0.3 as was_asked,
        was_asked or draw(record_key, 'no mail') >= no_email * missing() as has_email,
        was_asked or draw(record_key, 'no birth') >= no_birth * missing() as has_birth,
        was_asked or draw(record_key, 'no address') >= no_address * missing() as has_address,
        was_asked or draw(record_key, 'no phone') >= no_phone * missing() as has_phone,
        revision = 0 and draw(revision_key, 'careless') < 0.75 as may_slip,
        draw(revision_key, 'stand-in') as stand_in,
        draw(revision_key, 'swap') < swapped_names() as is_swapped
    from synth_record
),
renamed as (
    select
        * replace (
            case
                when draw(revision_key, 'initial') < initials() then given_name[1] || '.'
                when nickname is not null and draw(revision_key, 'nickname') < nicknames() then nickname
                else given_name
            end as given_name
        )
    from gap
),
slipped as (
    select
        * replace (
            if(may_slip and draw(revision_key, 'slip given') < typing_errors(), slip(given_name, draw(revision_key, 'slip 1'), draw(revision_key, 'slip 2')), given_name) as given_name,
            if(may_slip and draw(revision_key, 'slip family') < typing_errors(), slip(family_name, draw(revision_key, 'slip 3'), draw(revision_key, 'slip 4')), family_name) as family_name,
            if(may_slip and draw(revision_key, 'slip mail') < typing_errors(), slip(email, draw(revision_key, 'slip 5') * 0.4, draw(revision_key, 'slip 6')), email) as email,
            if(may_slip and draw(revision_key, 'slip street') < typing_errors(), slip(street, draw(revision_key, 'slip 7'), draw(revision_key, 'slip 8')), street) as street,
            if(may_slip and draw(revision_key, 'slip phone') < typing_errors() / 2, slip_digit(phone, draw(revision_key, 'slip 9'), draw(revision_key, 'slip 10')), phone) as phone,
            if(may_slip and draw(revision_key, 'slip birth') < date_errors(), slip_date(date_of_birth, draw(revision_key, 'slip 11')), date_of_birth) as date_of_birth
        )
    from renamed
)
select
    source,
    record_no,
    revision,
    copy,
    if(is_swapped, family_name, given_name) as given_name,
    if(is_swapped, given_name, family_name) as family_name,
    if(draw(record_key, 'no middle') < 0.3, null, middle_name) as middle_name,
    if(draw(record_key, 'no suffix') < 0.4, null, name_suffix) as name_suffix,
    gender,
    case
        when has_email then email
        when stand_in < placeholders() then if(stand_in < placeholders() * 0.6, 'noreply@shop.example', 'test@test.com')
        when stand_in < placeholders() + shared_values() then 'frontdesk' || (person_no // 997 % 40) || '@office.example'
    end as email,
    case
        when has_phone or not (has_email or has_address) then phone
        when stand_in < placeholders() then '0000000000'
        when stand_in > 1 - shared_values() * 2 and source = 'pos' then till_phone(person_no)
    end as phone,
    case when has_birth then date_of_birth end as date_of_birth,
    has_address,
    draw(record_key, 'no code') < 0.08 * missing() as no_postal_code,
    house_number,
    street,
    if(draw(revision_key, 'short') < 0.5, street_short, street_type) as street_type,
    flat,
    city,
    state,
    postal_code,
    case when draw(record_key, 'card') < has_card then loyalty_id end as loyalty_id,
    draw(revision_key, 'style') as style,
    updated_at
from slipped
