-- One row per identifier value of a record, as match keys write it: field, value, given_name, family_name.
create or replace temp view shared_source as
select 'email' as field, email as value, given_name, family_name from key_source where email is not null
union all
select 'phone', phone_value(phone), given_name, family_name from key_source where phone is not null
union all
select 'loyalty_id', fold_code(loyalty_id), given_name, family_name from key_source where loyalty_id is not null
union all
select 'national_id', fold_code(national_id), given_name, family_name from key_source where national_id is not null
