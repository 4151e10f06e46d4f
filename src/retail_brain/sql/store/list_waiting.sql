-- one row per record that waits for a run to end, the longest waiting first
select
  source,
  record_id,
  raw
from waiting_record
order by
  waiting_since,
  source,
  record_id
limit %(limit)s
