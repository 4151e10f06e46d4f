-- one row per quarantined row of some numbers: its number and the delivered text, which readers may not see
select
  quarantined_no,
  raw
from quarantined_row
where quarantined_no = any(%(numbers)s)
