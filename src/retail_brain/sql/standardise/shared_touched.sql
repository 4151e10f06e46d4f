-- One row per identifier value of a record's version that came or went: field, value, records (how many such versions).
create or replace temp table shared_touched as
with version_value as (
    select 'email' as field, email as value from changed_version
    union all
    select 'phone', phone_value(phone) from changed_version
    union all
    select 'loyalty_id', fold_code(loyalty_id) from changed_version
    union all
    select 'national_id', fold_code(national_id) from changed_version
)
select field, value, count(*) as records from version_value where value is not null group by field, value
