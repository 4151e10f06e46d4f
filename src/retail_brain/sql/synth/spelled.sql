-- One row per made-up person: who lives with whom, names and birth, and the first half of the mailbox.
create or replace temp view synth_spelled as
with place_in_household as (
    select
        number.person_no,
        number.person_no // 12 * 12 + pattern.household_slot as household_no,
        pattern.member,
        pattern.size
    from synth_number as number
    join synth_pattern as pattern
        on pattern.slot = number.person_no % 12
        and pattern.pattern_no = floor(draw(number.person_no // 12, 'pattern') * (select max(pattern_no) + 1 from synth_pattern))::bigint
),
family_role as (
    select
        *,
        draw(household_no, 'head gender') < 0.5 as head_is_male,
        1938 + floor(draw(household_no, 'age') * 56)::integer as head_year,
        member in (2, 3) and size > 3 and draw(household_no, 'twins') < twins() as is_twin,
        draw(household_no, 'culture') as culture_draw
    from place_in_household
),
body as (
    select
        *,
        member = 2 and not is_twin and head_is_male and draw(household_no, 'junior') < juniors() as is_junior,
        case
            when member = 0 then head_is_male
            when member = 1 then head_is_male <> (draw(household_no, 'partner gender') < 0.93)
            when member = 2 and head_is_male and not is_twin and draw(household_no, 'junior') < juniors() then true
            else draw(person_no, 'gender') < 0.5
        end as is_male,
        case
            when member = 0 then head_year
            when member = 1 then head_year - 3 + floor(draw(person_no, 'year') * 7)::integer
            when is_twin then least(2008, head_year + 25)
            else least(2008, head_year + 20 + 2 * member + floor(draw(person_no, 'year') * 4)::integer)
        end as birth_year
    from family_role
),
named as (
    select
        *,
        household_no * 16 + if(is_junior, 0, member) as name_no,
        culture_no(culture_draw) as culture_no,
        make_date(birth_year, 1, 1) + floor(365 * if(is_twin, draw(household_no, 'twin day'), draw(person_no, 'day')))::integer as date_of_birth,
        member = 1 and draw(person_no, 'own name') < 0.22 as keeps_own_family
    from body
),
chosen as (
    select
        named.*,
        culture.culture,
        pick(draw(name_no, 'given'), if(is_male, culture.male_names, culture.female_names)) as given_position,
        pick(draw(person_no, 'middle'), if(is_male, culture.male_names, culture.female_names)) as middle_position,
        if(keeps_own_family, person_no * 2 + 1, household_no * 2) as family_no,
        culture.family_names
    from named join synth_culture as culture using (culture_no)
),
looked_up as (
    select
        chosen.*,
        given.name as given_name,
        given.plain as plain_given,
        given.nicknames,
        if(draw(person_no, 'has middle') < 0.45, middle.name, null) as middle_name,
        family.name as family_base,
        family.plain as plain_family_base,
        maiden.name as maiden_base,
        has_tail(family_no, chosen.culture) as family_is_rare,
        has_tail(person_no * 2 + 1, chosen.culture) as maiden_is_rare
    from chosen
    join synth_name as given
        on given.culture = chosen.culture and given.kind = if(is_male, 'male', 'female') and given.position = given_position
    join synth_name as middle
        on middle.culture = chosen.culture and middle.kind = if(is_male, 'male', 'female') and middle.position = middle_position
    join synth_name as family
        on family.culture = chosen.culture and family.kind = 'family'
        and family.position = pick(draw(family_no, 'family'), chosen.family_names)
    join synth_name as maiden
        on maiden.culture = chosen.culture and maiden.kind = 'family'
        and maiden.position = pick(draw(person_no * 2 + 1, 'family'), chosen.family_names)
),
addressed as (
    select
        *,
        if(family_is_rare, tail_name(family_no), family_base) as family_name,
        if(family_is_rare, lower(tail_name(family_no)), plain_family_base) as plain_family,
        if(maiden_is_rare, tail_name(person_no * 2 + 1), maiden_base) as maiden_name,
        draw(person_no, 'mail style') as style
    from looked_up
)
select
    *,
    case
        when style < 0.40 then plain_given || '.' || plain_family
        when style < 0.60 then plain_given[1] || plain_family
        when style < 0.75 then plain_given || plain_family || (birth_year % 100)::varchar
        when style < 0.88 then plain_given || '_' || plain_family
        else plain_family || '.' || plain_given
    end as mail_base
from addressed
