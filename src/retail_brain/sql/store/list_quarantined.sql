-- one row per quarantined row, newest first: where it stood and why it was put aside
select
  delivery.source,
  delivery.file_name,
  quarantined_row.line,
  quarantined_row.reason,
  quarantined_row.run_id,
  quarantined_row.raw
from quarantined_row
join delivery on delivery.delivery_no = quarantined_row.delivery_no
where %(source)s::text is null or delivery.source = %(source)s
order by
  quarantined_row.run_id desc,
  delivery.source,
  delivery.file_name,
  quarantined_row.line
limit %(limit)s
