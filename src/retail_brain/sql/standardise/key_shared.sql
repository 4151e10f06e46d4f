-- One row per value kept out of matching: field, value, kind, records, people (how many different people stand behind it).
with person_value as (
    select 'email' as field, email as value, given_name, family_name from key_source where email is not null
    union all
    select 'phone', fold_phone(regexp_replace(phone, '[^0-9]', '', 'g')), given_name, family_name from key_source where phone is not null
    union all
    select 'loyalty_id', fold_code(loyalty_id), given_name, family_name from key_source where loyalty_id is not null
    union all
    select 'national_id', fold_code(national_id), given_name, family_name from key_source where national_id is not null
),
repeated as (
    select field, value from person_value where value is not null group by all having count(*) > $max_families
),
counted as (
    select
        field,
        value,
        count(*) as records,
        count(distinct fold_letters(given_name)[1:1] || coalesce(fold_letters(family_name)[1:1], '')) as people,
        count(distinct fold_letters(family_name)[1:1]) as families,
        count(distinct fold_letters(given_name)[1:1]) as givens
    from person_value
    semi join repeated using (field, value)
    group by field, value
),
birthday as (
    select date_of_birth::varchar as value, count(*) as records, count(distinct fold_letters(family_name)[1:3]) as people
    from key_source
    where date_of_birth is not null
    group by all
),
placeholder as (
    select distinct field, value from person_value
    where (field = 'phone' and (regexp_matches(value, '^(0+|1+|2+|3+|4+|5+|6+|7+|8+|9+)$') or value in ('1234567890', '0123456789', '1234567', '9876543210')))
       or (field = 'email' and regexp_matches(value, '^(test|noreply|no-reply|none|na|nomail|noemail|no|unknown|donotreply|example|x|xx|xxx|abc|asdf)@'))
       or (field in ('loyalty_id', 'national_id') and regexp_matches(value, '^(0+|1+|9+|X+|N?/?A|NONE|NULL|UNKNOWN)$'))
)
select p.field, p.value, 'placeholder' as kind, count(*) as records, count(distinct coalesce(given_name, '') || ' ' || coalesce(family_name, '')) as people
from person_value p semi join placeholder using (field, value)
group by all
union all
select field, value, 'shared' as kind, records, people
from counted anti join placeholder using (field, value)
where people > $max_people or (families > $max_families and givens > $max_families)
union all
select 'date_of_birth', value, 'placeholder', records, people
from birthday
where people > 5 and records > $date_spike * (select greatest(avg(records), 1.0) from birthday)
