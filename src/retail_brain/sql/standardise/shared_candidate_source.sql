-- One row per record and candidate value that it holds: field, value, given_name, family_name.
-- The records that hold one are gathered first, so that the file of all records is read once and not for each field.
create or replace temp table shared_source as
with chosen as materialized (
    select
        case when email in (select value from shared_candidate where field = 'email') then email end as email,
        case
            when phone not like '+%' or right(phone, 4) in (select right(value, 4) from shared_candidate where field = 'phone')
            then phone_value(phone)
        end as phone,
        case when loyalty_id is not null and $numbers then fold_code(loyalty_id) end as loyalty_id,
        case when national_id is not null and $numbers then fold_code(national_id) end as national_id,
        given_name,
        family_name
    from key_source
    where email in (select value from shared_candidate where field = 'email')
        or phone not like '+%'
        or right(phone, 4) in (select right(value, 4) from shared_candidate where field = 'phone')
        or ($numbers and (loyalty_id is not null or national_id is not null))
),
found as (
    select 'email' as field, email as value, given_name, family_name from chosen where email is not null
    union all
    select 'phone', phone, given_name, family_name from chosen where phone is not null
    union all
    select 'loyalty_id', loyalty_id, given_name, family_name from chosen where loyalty_id is not null
    union all
    select 'national_id', national_id, given_name, family_name from chosen where national_id is not null
)
select * from found semi join shared_candidate using (field, value)
