-- one row: the number of the next new record
select coalesce(max(record_no), 0) + 1 as record_no
from source_record
