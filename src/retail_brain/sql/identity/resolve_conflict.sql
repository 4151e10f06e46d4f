-- One row per pair that must never be in one tree: position, the two nodes, reason ('cannot_link' or what clashes).
create or replace temp table resolve_conflict as
with conflict as (
    select record_no_l, record_no_r, 'cannot_link' as reason, 0 as place from resolve_decision where kind = 'cannot_link'
    union all
    select record_no_l, record_no_r, reason, 1 from clash
),
first_reason as (
    select record_no_l, record_no_r, arg_min(reason, (place, reason)) as reason
    from conflict
    anti join (select record_no_l, record_no_r from resolve_decision where kind = 'must_link') using (record_no_l, record_no_r)
    group by record_no_l, record_no_r
)
select row_number() over (order by record_no_l, record_no_r) - 1 as position, l.node as node_l, r.node as node_r, first_reason.reason
from first_reason
join resolve_node l on l.record_no = first_reason.record_no_l
join resolve_node r on r.record_no = first_reason.record_no_r
