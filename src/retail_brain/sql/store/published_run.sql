-- one row when a run is published: the last one, its model and its generation
select
  run_id,
  model_id,
  generation
from run
where generation is not null
order by generation desc
limit 1
