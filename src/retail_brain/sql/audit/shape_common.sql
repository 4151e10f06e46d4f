-- One row: the most common value of a delivered field of a source, or of those that could not be read, by its shape: letters as a, digits as 9.
with delivered as (
  select
    case $field
      when 'given_name' then coalesce(row.given_name, row.full_name)
      when 'family_name' then coalesce(row.family_name, row.full_name)
      when 'name' then coalesce(nullif(concat_ws(' ', row.given_name, row.family_name), ''), row.full_name)
      when 'email' then row.email
      when 'phone' then row.phone
      when 'date_of_birth' then row.date_of_birth
      when 'address' then row.address
      when 'city' then row.city
      when 'postal_code' then row.postal_code
      when 'loyalty_id' then row.loyalty_id
      when 'national_id' then row.national_id
      when 'record_id' then row.record_id
    end as value,
    case $field
      when 'email' then tonight.email
      when 'phone' then tonight.phone
      when 'date_of_birth' then tonight.date_of_birth::varchar
      when 'given_name' then tonight.given_name
      when 'family_name' then tonight.family_name
      when 'loyalty_id' then tonight.loyalty_id
      when 'national_id' then tonight.national_id
    end as understood
  from delivered_row as row
  join record_tonight as tonight using (source, record_id)
  where row.source = $source
),
shaped as (
  select value, regexp_replace(regexp_replace(value, '\pL', 'a', 'g'), '[0-9]', '9', 'g') as shape
  from delivered
  where value is not null and (not $unread or understood is null)
)
select left(shape, 40)
from shaped
group by shape, case when $by_value then value end
order by count(*) desc, shape
limit 1
