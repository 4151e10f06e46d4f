-- one row per quarantined row, in the order in which they were found
select
  quarantined_row.quarantined_no,
  delivery.source,
  delivery.file_name,
  delivery.delivery_id,
  quarantined_row.line,
  quarantined_row.reason,
  null as raw,
  quarantined_row.run_id
from quarantined_row
join delivery on delivery.delivery_no = quarantined_row.delivery_no
where quarantined_row.quarantined_no > %(after)s
  and (%(source)s::text is null or delivery.source = %(source)s)
  and (%(run_id)s::bigint is null or quarantined_row.run_id = %(run_id)s)
order by quarantined_row.quarantined_no
limit %(limit)s
