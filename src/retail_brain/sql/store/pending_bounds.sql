-- one row per page of the outbox: the greatest seq in it, in order
select max(seq)
from (
  select
    seq,
    (row_number() over (order by seq) - 1) / %(rows)s as page
  from cache_outbox
) as numbered
group by page
order by page
