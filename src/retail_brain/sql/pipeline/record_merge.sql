-- One row per record ever delivered: tonight's version where there is one, else the one from before.
create or replace table record as
select before.* replace (before.gone or coalesce(change.action = 'gone', false) as gone)
from record_before as before
left join record_change as change on change.record_no = before.record_no
where change.action is null or change.action in ('unchanged', 'gone')
union all by name
select change.record_no, tonight.*, false as gone
from record_tonight as tonight
join record_change as change using (source, record_id)
where change.action in ('new', 'changed', 'returned')
