-- One row per different name that is not plain: all its delivered parts in one text.
create or replace temp table value_odd as
select distinct value_name_key(full_name, native_name, given_name, middle_name, family_name, name_suffix) as odd
from value_clean
where odd is not null
