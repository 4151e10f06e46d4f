-- One row per delivered record of a source that holds one of the most common texts in a field: record key, text.
with delivered as (
  select
    source || ':' || record_id as key,
    case $field
      when 'given_name' then coalesce(given_name, full_name)
      when 'family_name' then coalesce(family_name, full_name)
      when 'name' then coalesce(nullif(concat_ws(' ', given_name, family_name), ''), full_name)
      when 'email' then email
      when 'phone' then phone
      when 'date_of_birth' then date_of_birth
      when 'address' then address
      when 'city' then city
      when 'postal_code' then postal_code
      when 'loyalty_id' then loyalty_id
      when 'national_id' then national_id
      else record_id
    end as text
  from delivered_row
  where source = $source
)
select key, text
from delivered
qualify text is not null or count(text) over () = 0
order by count(*) over (partition by text) desc, key
limit $keys
