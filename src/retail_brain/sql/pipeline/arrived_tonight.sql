-- Nothing: records that came between the nights count as delivered tonight where tonight's files do not hold them.
insert into record_tonight by name
select * exclude (record_no, linked)
from arrived_record
semi join arrived_settled using (record_no)
anti join record_tonight using (source, record_id)
