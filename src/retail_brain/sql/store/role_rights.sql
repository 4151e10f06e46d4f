-- one row per right that was granted to one of the roles: role, table ('' for the schema and the database), column ('' for all), right
select
  pg_roles.rolname as role,
  pg_class.relname as "table",
  '' as "column",
  lower(granted.privilege_type) as "right"
from pg_class
cross join aclexplode(pg_class.relacl) as granted
join pg_roles on pg_roles.oid = granted.grantee
where pg_class.relnamespace = current_schema()::regnamespace
  and pg_class.relname = any(%(tables)s)
  and pg_roles.rolname = any(%(roles)s)
union all
select
  pg_roles.rolname,
  pg_class.relname,
  pg_attribute.attname,
  lower(granted.privilege_type)
from pg_class
join pg_attribute on pg_attribute.attrelid = pg_class.oid
cross join aclexplode(pg_attribute.attacl) as granted
join pg_roles on pg_roles.oid = granted.grantee
where pg_class.relnamespace = current_schema()::regnamespace
  and pg_class.relname = any(%(tables)s)
  and pg_roles.rolname = any(%(roles)s)
union all
select
  rolname,
  '',
  '',
  'usage'
from pg_roles
where rolname = any(%(roles)s)
  and has_schema_privilege(rolname, current_schema(), 'usage')
union all
select
  rolname,
  '',
  '',
  'temporary'
from pg_roles
where rolname = any(%(roles)s)
  and has_database_privilege(rolname, current_database(), 'temporary')
