-- One row per source: rows looked at, new ones, known ones; of those with an e-mail address and names the share whose mailbox holds a name; of those with two known names the share whose given name is a surname elsewhere and the other way round.
with known_name as (
  select
    value,
    coalesce(sum(records) filter (where column_name = 'given_key'), 0) as as_given,
    coalesce(sum(records) filter (where column_name = 'family_key'), 0) as as_family
  from term_frequency
  where column_name in ('given_key', 'family_key')
  group by value
),
judged as (
  select
    row.source,
    row.action,
    regexp_replace(split_part(row.email, '@', 1), '[^a-z]', '', 'g') as mailbox,
    row.given_key,
    row.family_key,
    given.as_family > given.as_given and family.as_given > family.as_family as swapped
  from audit_row as row
  left join known_name as given on given.value = row.given_key
  left join known_name as family on family.value = row.family_key
)
select
  source,
  count(*) as rows,
  count(*) filter (where action = 'new') as new,
  count(*) filter (where action not in ('new', 'returned')) as known,
  avg(coalesce(swapped, false)::double) filter (where given_key is not null and family_key is not null) as swapped,
  avg((contains(mailbox, given_key) or contains(mailbox, family_key))::double)
    filter (where mailbox is not null and length(given_key) > 2 and length(family_key) > 2) as named_email
from judged
group by source
order by source
