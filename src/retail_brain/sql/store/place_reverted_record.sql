-- nothing: puts the records of the temporary table reverted_record where they belong from now on; what some runs brought is gone
update source_record
set
  profile_id = reverted_record.profile_id,
  gone_run = case when reverted_record.profile_id is null then coalesce(former.gone_run, %(run_id)s) end
from reverted_record
left join (
  select distinct on (record_no)
    record_no,
    gone_run
  from former_record
  where run_id = any(%(run_ids)s)
  order by
    record_no,
    run_id
) as former on former.record_no = reverted_record.record_no
where source_record.record_no = reverted_record.record_no
  and source_record.profile_id is distinct from reverted_record.profile_id
