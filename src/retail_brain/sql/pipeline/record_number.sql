-- One row per record delivered on a first night: its keys, its delivery and its lasting number.
create or replace temp table record_number as
select source, record_id, delivery_id, row_number() over (order by source, record_id) as record_no
from delivered_row
