-- one row per run, file and reason: how many rows were put aside
select
  delivery.source,
  delivery.file_name,
  quarantined_row.reason,
  count(*) as rows,
  quarantined_row.run_id
from quarantined_row
join delivery on delivery.delivery_no = quarantined_row.delivery_no
where (%(source)s::text is null or delivery.source = %(source)s)
  and (%(run_id)s::bigint is null or quarantined_row.run_id = %(run_id)s)
group by
  quarantined_row.run_id,
  delivery.source,
  delivery.file_name,
  quarantined_row.reason
order by
  quarantined_row.run_id desc,
  count(*) desc,
  delivery.source,
  delivery.file_name,
  quarantined_row.reason
