-- one row per delivered file: the hash of its bytes and the run that published it first; where asked for only of runs that stand
select
  delivery.delivery_id,
  min(delivery.run_id)
from delivery
left join run on run.run_id = delivery.run_id
where not %(again)s
  or run.status is distinct from 'reverted'
group by delivery.delivery_id
