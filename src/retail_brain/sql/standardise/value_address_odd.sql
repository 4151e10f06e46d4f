-- One row per different address that may hold more than a street: the address and its places in one text.
create or replace temp table value_odd as
select distinct address_key as odd
from value_keyed
where address_key is not null
