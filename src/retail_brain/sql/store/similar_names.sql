-- one row per name that is like a part of a name, the most alike first: what it is, the name, how alike from 0 to 1
with likely as materialized (
  select
    kind,
    name,
    greatest(similarity(name, %(part)s), case when name = any(%(swapped)s) then 0.9 end) as alike
  from name_part
  where name %% %(part)s or name = any(%(swapped)s)
)

(select kind, name, alike from likely where kind = 'family' order by alike desc, name limit %(names)s)
union all
(select kind, name, alike from likely where kind = 'given' order by alike desc, name limit %(names)s)
