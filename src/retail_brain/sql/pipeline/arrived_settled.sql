-- One row per record that came between the nights and is as it came: tonight's files lack it, say the same, or hold an older version.
create or replace table arrived_settled as
select came.record_no, came.source, came.record_id
from arrived_record as came
left join record_tonight as tonight using (source, record_id)
where tonight.record_id is null or tonight.row_hash = came.row_hash or came.updated_at > tonight.updated_at
