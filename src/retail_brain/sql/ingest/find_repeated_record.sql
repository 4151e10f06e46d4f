-- One row per record of one source that more than one delivered row speaks of: record_id.
create or replace temp table repeated_record as
select record_id
from delivered_row
where source = $source
group by record_id
having count(*) > 1
