-- One row per value kept out of matching before that no changed record holds or held: it stays.
insert into shared_value by name
select *
from shared_value_before
anti join shared_touched using (field, value)
where field <> 'date_of_birth'
