-- one row per value that the last published run kept out of matching
select
  field,
  value,
  kind
from shared_value
