-- one row: about how many profiles there are, as the server last counted them; counted now where it never did
select case
  when pg_class.reltuples > 0 then pg_class.reltuples::bigint
  else (select count(*) from profile)
end
from pg_class
where pg_class.oid = 'profile'::regclass
