-- One row per value kept out of matching: field, value, kind, records, people (how many different people stand behind it).
-- First by hashes, field by field, because counting numbers takes a third of the time of counting texts.
with frequent as (
    select value_hash from (select hash(value) as value_hash from shared_source where field = 'email' and value is not null) group by value_hash having count(*) > $max_families
    union all
    select value_hash from (select hash(value) as value_hash from shared_source where field = 'phone' and value is not null) group by value_hash having count(*) > $max_families
    union all
    select value_hash from (select hash(value) as value_hash from shared_source where field = 'loyalty_id' and value is not null) group by value_hash having count(*) > $max_families
    union all
    select value_hash from (select hash(value) as value_hash from shared_source where field = 'national_id' and value is not null) group by value_hash having count(*) > $max_families
),
counted as (
    select
        field,
        value,
        count(*) as records,
        count(distinct fold_letters(given_name)[1:1] || coalesce(fold_letters(family_name)[1:1], '')) as people,
        count(distinct fold_letters(family_name)[1:1]) as families,
        count(distinct fold_letters(given_name)[1:1]) as givens
    from shared_source
    where hash(value) in (select value_hash from frequent)
    group by field, value
    having count(*) > $max_families
),
spike as (
    select date_of_birth, records
    from (select date_of_birth, count(*) as records from key_source where date_of_birth is not null group by date_of_birth)
    qualify records > $date_spike * greatest(avg(records) over (), 1.0)
),
birthday as (
    select date_of_birth::varchar as value, any_value(spike.records) as records, count(distinct fold_letters(family_name)[1:3]) as people
    from key_source
    join spike using (date_of_birth)
    group by date_of_birth
)
select field, value, 'placeholder' as kind, count(*) as records, count(distinct coalesce(given_name, '') || ' ' || coalesce(family_name, '')) as people
from shared_source
where is_placeholder(field, value)
group by all
union all
select field, value, 'shared' as kind, records, people
from counted
where not is_placeholder(field, value)
  and (people > $max_people or (families > $max_families and givens > $max_families))
union all
select 'date_of_birth', value, 'placeholder', records, people
from birthday
where people > 5
