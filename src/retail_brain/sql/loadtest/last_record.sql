-- one row: the highest number of a record, 0 where there is none
select coalesce(max(record_no), 0) as record_no
from source_record
