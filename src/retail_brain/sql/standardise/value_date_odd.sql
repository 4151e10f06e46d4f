-- One row per different spelling of a day that is not ISO 8601, with its source and field in one text, and its rows.
create or replace temp table value_odd as
select
    concat(source, chr(31), field, chr(31), day_text) as odd,
    count(*) as records
from (
    select source, 'date_of_birth' as field, value_date_text(date_of_birth) as day_text from value_clean
    union all
    select source, 'updated_at' as field, value_date_text(updated_at) as day_text from value_clean
)
where day_text is not null
group by all
