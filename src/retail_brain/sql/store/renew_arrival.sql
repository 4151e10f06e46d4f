-- nothing: lets the next run look for the place of the records of the temporary table reverted_record that came between runs, as if nothing had been decided
with forgotten as (
  delete from arrival
  where record_no in (select record_no from reverted_record where arrived)
)

insert into arrival (record_no, row_hash)
select
  source_record.record_no,
  source_record.row_hash
from reverted_record
join source_record on source_record.record_no = reverted_record.record_no
where reverted_record.arrived
order by source_record.record_no
