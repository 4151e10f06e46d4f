-- one row per index or constraint that is not in force: its name
select conname::text
from pg_constraint
where not convalidated
union all
select indexrelid::regclass::text
from pg_index
where not (indisvalid and indisready and indislive)
order by 1
