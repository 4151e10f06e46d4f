-- One row per different phone number that is not plain, with the country that it is read for, in one text.
create or replace temp table value_odd as
select distinct phone_key as odd
from value_placed
where phone_key is not null
