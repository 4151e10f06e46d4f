-- One row per record that tonight changes, as it is now: tonight's version, or the last one where the record is gone.
create or replace table record_fresh as
select change.record_no, tonight.*, false as gone
from record_tonight as tonight
join record_change as change using (source, record_id)
where change.action in ('new', 'changed', 'returned')
union all by name
select before.* replace (true as gone)
from record_before as before
join record_change as change on change.record_no = before.record_no and change.action = 'gone'
