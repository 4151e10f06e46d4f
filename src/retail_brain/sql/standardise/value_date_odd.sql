-- One row per different spelling of a day that is not ISO 8601, with its source and field in one text, and its rows.
create or replace temp table value_odd as
select
    odd,
    count(*) as records
from (
    select source || chr(31) || 'date_of_birth' || chr(31) || value_date_text(date_of_birth) as odd from value_keyed
    union all
    select source || chr(31) || 'updated_at' || chr(31) || value_date_text(updated_at) as odd from value_keyed
)
where odd is not null
group by odd
