-- one row per delivery: its short number, its source, the hash of its bytes
select
  delivery_no,
  source,
  delivery_id
from delivery
