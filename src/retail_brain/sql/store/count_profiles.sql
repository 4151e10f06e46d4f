-- one row: how many profiles there are
select count(*)
from profile
