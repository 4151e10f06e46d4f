-- One row per middle name or city that records have: value, and what it is folded to: key.
create or replace temp table folded_word as
select
  word.value,
  fold_letters(coalesce(transliteration.latin, word.value)) as key
from (
  select middle_name as value from key_source where middle_name is not null
  union
  select city from key_source where city is not null
) as word
left join transliteration using (value)
