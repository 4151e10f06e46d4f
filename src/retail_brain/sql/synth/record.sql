-- One row per line of tonight's deliveries, still without mistakes: what was true then.
create or replace temp view synth_record as
with lived as (
    select
        *,
        coalesce(updated_at < married_at, false) as before_wedding,
        coalesce(updated_at < moved_at, false) as before_move,
        coalesce(updated_at < new_phone_at, false) as before_phone,
        coalesce(updated_at < new_email_at, false) as before_email,
        nights() > 1 and updated_at >= timestamp '2026-11-12' as is_recent
    from synth_tonight
),
homed as (
    select
        *,
        household_no * 2 + if(before_move, 1, 0)
            + if(is_recent and draw(household_no, 'moves lately') < 0.2, 68719476736, 0) as home_no
    from lived
),
drawn as (
    select
        *,
        draw(home_no, 'street') as street_draw,
        draw(home_no, 'street type') as street_type_draw,
        draw(if(draw(home_no, 'far') < 0.5, household_no * 2, home_no), 'place') as place_draw,
        case
            when is_recent and draw(person_no, 'new phone lately') < 0.3 then persons() * 3 + person_no
            when before_phone then person_no * 3 + 1
            when shares_phone and draw(record_key, 'home phone') < 0.7 then household_no * 3 + 2
            else phone_no
        end as number_no,
        if(shares_email and draw(record_key, 'home mail') < 0.7, person_no, null) as mail_of
    from homed
),
located as (
    select
        *,
        pick_even(street_draw, (select count(*) from synth_street)) as street_position,
        pick(street_type_draw, (select count(*) from synth_street_type)) as street_type_position,
        pick(place_draw, (select count(*) from synth_place)) as place_no
    from drawn
)
select
    located.* exclude (family_name, email),
    if(before_wedding, maiden_name, family_name) as family_name,
    case
        when is_recent and draw(person_no, 'new mail lately') < 0.2 then later_email
        when before_email then old_email
        else coalesce(home_mail.home_email, located.email)
    end as email,
    phone_number(number_no) as phone,
    (1 + floor(draw(home_no, 'house') * draw(home_no, 'house size') * 9800)::integer)::varchar as house_number,
    street.name as street,
    street_type.name as street_type,
    street_type.short as street_short,
    case when draw(home_no, 'flat') < 0.18 then 'Apt ' || (1 + floor(draw(home_no, 'flat number') * 40)::integer)::varchar end as flat,
    place.city,
    place.state,
    place.postal_prefix || lpad(floor(draw(place.place_no * 1000 + street.position, 'postcode') * 60)::integer::varchar, 2, '0') as postal_code,
    (4000000000 + ((person_no * 48271 + 11) % 999999937))::varchar as loyalty_id
from located
left join synth_home_mail as home_mail using (mail_of)
join synth_street as street on street.position = street_position
join synth_street_type as street_type on street_type.position = street_type_position
join synth_place as place on place.place_no = located.place_no
