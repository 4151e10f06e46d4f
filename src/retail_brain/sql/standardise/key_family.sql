-- One row per last name that records have: value, and what it is folded to: key, code.
create or replace temp table folded_family as
select
  value,
  key,
  skeleton(key) as code
from (
  select
    family.value,
    fold_letters(coalesce(transliteration.latin, family.value)) as key
  from (select distinct family_name as value from key_source where family_name is not null) as family
  left join transliteration using (value)
)
