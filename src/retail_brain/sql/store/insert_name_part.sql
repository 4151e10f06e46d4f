-- nothing: adds the names of the temporary table profile_new that were not known
insert into name_part (kind, name)
select
  'given',
  given_search
from profile_new
where given_search is not null
union
select
  'family',
  family_search
from profile_new
where family_search is not null
on conflict do nothing
