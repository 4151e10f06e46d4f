-- one row: whether this login may make databases
select rolsuper or rolcreatedb
from pg_roles
where rolname = current_user
