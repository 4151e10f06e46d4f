-- One row per touched value that may be kept out of matching: it was, it is a placeholder, or enough records hold it.
create or replace temp table shared_candidate as
with held as (
    select 'email' as field, email_key as value, count(*) as records
    from match_key_before where email_key in (select value from shared_touched where field = 'email') group by email_key
    union all
    select 'phone', phone_key, count(*)
    from match_key_before where phone_key in (select value from shared_touched where field = 'phone') group by phone_key
    union all
    select 'loyalty_id', loyalty_key, count(*)
    from match_key_before where loyalty_key in (select value from shared_touched where field = 'loyalty_id') group by loyalty_key
    union all
    select 'national_id', national_key, count(*)
    from match_key_before where national_key in (select value from shared_touched where field = 'national_id') group by national_key
)
select touched.field, touched.value
from shared_touched as touched
left join held using (field, value)
left join shared_value_before as before using (field, value)
where before.value is not null
    or touched.records + coalesce(held.records, 0) > $max_families
    or is_placeholder(touched.field, touched.value)
