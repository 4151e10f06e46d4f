-- one row: whether the current role owns the table, so that it may rebuild indexes
select pg_has_role(relowner, 'member')
from pg_class
where oid = %(table)s::regclass
