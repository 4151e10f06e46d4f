-- One row per source, field and common shape of its values (letters as a, digits as 9; in a record id, however many): the share of the field's values, most common first.
with value as (
  select source, unnest([
    {'field': 'record_id', 'shape': regexp_replace(regexp_replace(record_id, '\pL+', 'a', 'g'), '[0-9]+', '9', 'g')},
    {'field': 'loyalty_id', 'shape': regexp_replace(regexp_replace(loyalty_id, '\pL', 'a', 'g'), '[0-9]', '9', 'g')},
    {'field': 'national_id', 'shape': regexp_replace(regexp_replace(national_id, '\pL', 'a', 'g'), '[0-9]', '9', 'g')}
  ], recursive := true)
  from audit_row
),
counted as (
  select source, field, shape, count(*) as rows from value where shape is not null group by all
)
select source, field, left(shape, 60) as shape, round(rows / sum(rows) over (partition by source, field), 6) as share
from counted
qualify row_number() over (partition by source, field order by rows desc, shape) <= $shapes
order by source, field, share desc, shape
