-- one row: the number of the delivery that records of a source between two runs stand for; made where it is missing
with made as (
  insert into delivery (delivery_id, source, file_name, bytes, rows, accepted, quarantined, duplicates, run_id)
  values (%(delivery_id)s, %(source)s, 'between nights', 0, 0, 0, 0, 0, %(run_id)s)
  on conflict (source, delivery_id) do nothing
  returning delivery_no
)

select delivery_no from made
union all
select delivery_no from delivery where source = %(source)s and delivery_id = %(delivery_id)s
limit 1
