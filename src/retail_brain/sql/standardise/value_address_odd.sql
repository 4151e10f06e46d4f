-- One row per different address that may hold more than a street: the address and its places in one text.
create or replace temp table value_odd as
select distinct value_address_key(address, city, region, postal_code, country) as odd
from value_clean
where odd is not null
