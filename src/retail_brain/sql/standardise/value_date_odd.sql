-- One row per different spelling of a day that is not ISO 8601, with its source and field in one text, and its rows.
create or replace temp table value_odd as
select
    odd,
    count(*) as records
from (
    select birth_key as odd from value_keyed
    union all
    select change_key as odd from value_keyed
)
where odd is not null
group by odd
