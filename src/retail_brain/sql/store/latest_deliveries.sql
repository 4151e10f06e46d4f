-- one row per source: the run that published a file of it last
select
  source,
  max(run_id)
from delivery
group by source
