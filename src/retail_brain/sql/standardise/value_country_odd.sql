-- One row per different country, as delivered or as found in an address.
create or replace temp table value_odd as
select distinct country as odd
from (
    select country from value_keyed
    union all
    select country from value_address
)
where country is not null
