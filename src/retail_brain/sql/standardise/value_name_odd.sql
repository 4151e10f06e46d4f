-- One row per different name that is not plain: all its delivered parts in one text.
create or replace temp table value_odd as
select distinct name_key as odd
from value_keyed
where name_key is not null
