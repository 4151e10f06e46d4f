-- One row per first name that records have: value, and what it is folded to: key, forms (the names it may stand for), root.
create or replace temp table folded_given as
select
  name.value,
  name.key,
  name_form.forms,
  coalesce(name_form.root, name.key) as root
from (
  select
    given.value,
    fold_letters(coalesce(transliteration.latin, given.value)) as key
  from (select distinct given_name as value from key_source where given_name is not null) as given
  left join transliteration using (value)
) as name
left join name_form on name_form.name = name.key
