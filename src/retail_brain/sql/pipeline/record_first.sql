-- One row per record of a first run: everything delivered is new.
create or replace table record as
select
  row_number() over (order by source, record_id) as record_no,
  tonight.*,
  false as gone
from record_tonight as tonight
