-- One row per reason of tonight's quarantine: reason, how many rows.
select
  reason,
  count(*) as rows
from quarantined_row_new
group by reason
order by rows desc, reason
