-- One row per record and revision, still without mistakes: which system knows whom since when, and what was true then.
create or replace table synth_record as
with presence as (
    select
        person.*,
        source.source,
        source.source_no,
        slot.slot,
        person.person_no * 16 + source.source_no * 2 + slot.slot as record_key,
        moment(draw(person.person_no * 16 + source.source_no * 2 + slot.slot, 'since')) as since
    from synth_person as person
    cross join synth_source as source
    cross join (select unnest([0, 1]) as slot) as slot
    where draw(person.person_no * 16 + source.source_no * 2 + slot.slot, 'known') < source.known * if(slot.slot = 0, 1.0, $second_records)
),
revised as (
    select
        presence.*,
        revision.revision,
        record_key * 2 + revision.revision as revision_key,
        since + to_seconds(if(revision.revision = 0, 0, 86400 + floor(draw(record_key, 'later') * 9000000)::bigint)) as updated_at
    from presence
    cross join (select unnest([0, 1]) as revision) as revision
    where revision.revision = 0 or draw(record_key, 'corrected') < $corrections
),
lived as (
    select
        *,
        coalesce(updated_at < married_at, false) as before_wedding,
        coalesce(updated_at < moved_at, false) as before_move,
        coalesce(updated_at < new_phone_at, false) as before_phone,
        coalesce(updated_at < new_email_at, false) as before_email
    from revised
),
homed as (
    select *, household_no * 2 + if(before_move, 1, 0) as home_no from lived
),
located as (
    select
        *,
        pick_even(draw(home_no, 'street'), (select count(*) from synth_street)) as street_position,
        pick(draw(home_no, 'street type'), (select count(*) from synth_street_type)) as street_type_position,
        pick(draw(if(draw(home_no, 'far') < 0.5, household_no * 2, home_no), 'place'), (select count(*) from synth_place)) as place_no,
        if(before_phone, person_no * 3 + 1, if(shares_phone and draw(record_key, 'home phone') < 0.7, household_no * 3 + 2, phone_no)) as number_no,
        if(shares_email and draw(record_key, 'home mail') < 0.7, household_no, null) as mail_of
    from homed
)
select
    located.source,
    located.source_no,
    located.person_no,
    located.slot,
    located.revision,
    located.record_key,
    located.revision_key,
    located.given_name,
    located.middle_name,
    if(located.before_wedding, located.maiden_name, located.family_name) as family_name,
    located.name_suffix,
    located.gender,
    located.date_of_birth,
    case
        when located.before_email then located.old_mailbox || '@' || mail_domain(draw(located.person_no, 'old domain'))
        else coalesce(head.mailbox, located.mailbox) || '@' || mail_domain(coalesce(head.domain_draw, located.domain_draw))
    end as email,
    phone_number(located.number_no) as phone,
    (1 + floor(draw(located.home_no, 'house') * draw(located.home_no, 'house size') * 9800)::integer)::varchar as house_number,
    street.name as street,
    street_type.name as street_type,
    street_type.short as street_short,
    case when draw(located.home_no, 'flat') < 0.18 then 'Apt ' || (1 + floor(draw(located.home_no, 'flat number') * 40)::integer)::varchar end as flat,
    place.city,
    place.state,
    place.postal_prefix || lpad(floor(draw(place.place_no * 1000 + street.position, 'postcode') * 60)::integer::varchar, 2, '0') as postal_code,
    (4000000000 + ((located.person_no * 48271 + 11) % 999999937))::varchar as loyalty_id,
    located.updated_at
from located
left join synth_person as head on head.person_no = located.mail_of
join synth_street as street
    on street.position = located.street_position
join synth_street_type as street_type
    on street_type.position = located.street_type_position
join synth_place as place
    on place.place_no = located.place_no
