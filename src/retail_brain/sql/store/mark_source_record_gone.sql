-- nothing: marks the records of the temporary table source_record_gone_new that their source no longer delivers
update source_record
set
  profile_id = null,
  gone_run = %(run_id)s
from source_record_gone_new
where source_record.record_no = source_record_gone_new.record_no
  and source_record.gone_run is null
