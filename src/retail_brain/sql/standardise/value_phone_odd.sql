-- One row per different phone number that is not plain, with the country that it is read for, in one text.
create or replace temp table value_odd as
select distinct phone || chr(31) || phone_region as odd
from value_placed
where phone is not null
    and value_phone_plain(phone, phone_region) is null
