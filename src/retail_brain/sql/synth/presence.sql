-- One row per record: which system knows whom since when, the night that brings it and the night from which it is missing.
create or replace temp view synth_presence as
with candidate as (
    select
        person.*,
        source.*,
        slot.slot,
        person.person_no * 16 + source.source_no * 2 + slot.slot as record_key
    from synth_person as person
    cross join synth_source as source
    cross join (select unnest([0, 1]) as slot) as slot
    where draw(person.person_no * 16 + source.source_no * 2 + slot.slot, 'known') < source.known * if(slot.slot = 0, 1.0, second_records())
),
dated as (
    select
        *,
        (person_no * 2 + slot) * 7919 % modulus() as record_no,
        night_of(draw(record_key, 'night'), night_new()) as first_night,
        if(is_full, night_of(draw(record_key, 'gone'), night_vanished()), 1) as gone_draw
    from candidate
)
select
    *,
    if(gone_draw > first_night, gone_draw, nights() + 1) as gone_night,
    if(first_night = 1, moment(draw(record_key, 'since')), night_moment(first_night, record_key)) as since
from dated
