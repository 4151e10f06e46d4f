-- one row: which of the roles are missing, whether this one may make roles, and whether it may grant rights on all our tables
select
  array(
    select name
    from unnest(%(roles)s::text[]) with ordinality as wanted (name, place)
    where not exists (select from pg_roles where rolname = name)
    order by place
  ) as missing,
  (select rolsuper or rolcreaterole from pg_roles where rolname = current_user) as may_create,
  coalesce((
    select bool_and(pg_has_role(relowner, 'member'))
    from pg_class
    where relnamespace = current_schema()::regnamespace
      and relname = any(%(tables)s)
  ), false) as may_grant
