-- One row per record whose keys have to be made anew: it changed, or one of its values came into or out of sharing.
create or replace temp table rekeyed_no as
with came as (
  select record_no
  from match_key_before
  where email_key in (select value from turned_value where field = 'email' and shared)
    or phone_key in (select value from turned_value where field = 'phone' and shared)
    or birth_date in (select value::date from turned_value where field = 'date_of_birth' and shared)
    or loyalty_key in (select value from turned_value where field = 'loyalty_id' and shared)
    or national_key in (select value from turned_value where field = 'national_id' and shared)
),
went as (
  select record_no
  from live_record
  where exists (select 1 from turned_value where not shared)
    and (
      email in (select value from turned_value where field = 'email')
      or date_of_birth in (select value::date from turned_value where field = 'date_of_birth')
      or (
        (phone not like '+%' or right(phone, 4) in (select right(value, 4) from turned_value where field = 'phone'))
        and phone_value(phone) in (select value from turned_value where field = 'phone')
      )
      or fold_code(loyalty_id) in (select value from turned_value where field = 'loyalty_id')
      or fold_code(national_id) in (select value from turned_value where field = 'national_id')
    )
)

select record_no from changed_record
union
select record_no from came
union
select record_no from went
