-- One row per made-up person: who lives with whom, names, birth, and what changed in their life.
create or replace table synth_person as
with place_in_household as (
    select
        t.person_no,
        t.person_no // 12 * 12 + pattern.household_slot as household_no,
        pattern.member,
        pattern.size
    from range($persons) as t(person_no)
    join synth_pattern as pattern
        on pattern.slot = t.person_no % 12
        and pattern.pattern_no = floor(draw(t.person_no // 12, 'pattern') * (select max(pattern_no) + 1 from synth_pattern))::bigint
),
family_role as (
    select
        *,
        draw(household_no, 'head gender') < 0.5 as head_is_male,
        1938 + floor(draw(household_no, 'age') * 56)::integer as head_year,
        member in (2, 3) and size > 3 and draw(household_no, 'twins') < $twins as is_twin
    from place_in_household
),
body as (
    select
        *,
        member = 2 and not is_twin and head_is_male and draw(household_no, 'junior') < $juniors as is_junior,
        case
            when member = 0 then head_is_male
            when member = 1 then head_is_male <> (draw(household_no, 'partner gender') < 0.93)
            when member = 2 and head_is_male and not is_twin and draw(household_no, 'junior') < $juniors then true
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
        (select count(*) from synth_culture where draw(household_no, 'culture') >= share_to) as culture_no,
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
spelled as (
    select
        chosen.*,
        given.name as given_name,
        if(draw(person_no, 'has middle') < 0.45, middle.name, null) as middle_name,
        family_name(family_no, culture.culture, family.name) as family_name,
        family_name(person_no * 2 + 1, culture.culture, maiden.name) as maiden_name
    from chosen
    join synth_culture as culture using (culture_no)
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
        lower(regexp_replace(strip_accents(given_name), '[^A-Za-z]', '', 'g')) as plain_given,
        lower(regexp_replace(strip_accents(family_name), '[^A-Za-z]', '', 'g')) as plain_family,
        draw(person_no, 'mail style') as style
    from spelled
),
mailbox as (
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
)
select
    person_no,
    household_no,
    given_name,
    middle_name,
    if(
        not is_male and draw(person_no, 'hyphen') < 0.12 and draw(person_no, 'married') < $married_names,
        maiden_name || '-' || family_name,
        family_name
    ) as family_name,
    maiden_name,
    case when is_junior then 'Jr' end as name_suffix,
    if(is_male, 'M', 'F') as gender,
    date_of_birth,
    mail_base || case row_number() over (partition by mail_base order by person_no) when 1 then '' else row_number() over (partition by mail_base order by person_no)::varchar end as mailbox,
    draw(person_no, 'domain') as domain_draw,
    plain_given || '.' || lower(to_base(person_no * 7 + 1296, 36)) as old_mailbox,
    case
        when not is_male and member < 2 and birth_year < 2003 and draw(person_no, 'married') < $married_names
            then moment(draw(person_no, 'married at'))
    end as married_at,
    case when draw(household_no, 'moved') < $moves then moment(draw(household_no, 'moved at')) end as moved_at,
    case when draw(person_no, 'new phone') < $new_phones then moment(draw(person_no, 'new phone at')) end as new_phone_at,
    case when draw(person_no, 'new mail') < $new_emails then moment(draw(person_no, 'new mail at')) end as new_email_at,
    if(
        draw(person_no, 'recycled') < $recycled_phones,
        (person_no * 31 + 17) % $persons * 3 + 1,
        person_no * 3
    ) as phone_no,
    draw(household_no, 'home phone') < $household_phones as shares_phone,
    draw(household_no, 'home mail') < $household_emails and member = 1 as shares_email
from mailbox
