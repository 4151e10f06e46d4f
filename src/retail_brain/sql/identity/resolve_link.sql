-- One row per link, best rank first: position, the two nodes and record numbers, weight, evidence, kind ('must_link' or 'match').
create or replace temp table resolve_link as
with link as (
    select
        coalesce(e.record_no_l, d.record_no_l) as record_no_l,
        coalesce(e.record_no_r, d.record_no_r) as record_no_r,
        e.match_weight,
        e.match_probability,
        e.levels,
        e.blocking_rule,
        case when d.record_no_l is not null then 'must_link' else 'match' end as kind
    from resolve_edge e
    full join (select record_no_l, record_no_r from resolve_decision where kind = 'must_link') d
        on d.record_no_l = e.record_no_l and d.record_no_r = e.record_no_r
    where d.record_no_l is not null or e.match_probability >= $merge_probability
),
allowed as (
    select link.*, s.record_no_l is not null as stands
    from link
    left join resolve_standing s on s.record_no_l = link.record_no_l and s.record_no_r = link.record_no_r
    anti join (select record_no_l, record_no_r from resolve_decision where kind = 'cannot_link') c
        on c.record_no_l = link.record_no_l and c.record_no_r = link.record_no_r
    left join resolve_refused f on f.record_no_l = link.record_no_l and f.record_no_r = link.record_no_r
    where f.record_no_l is null or link.kind = 'must_link'
)
select
    row_number() over (order by kind = 'must_link' desc, stands desc, match_weight desc nulls last, record_no_l, record_no_r) - 1 as position,
    l.node as node_l,
    r.node as node_r,
    allowed.*
from allowed
join resolve_node l on l.record_no = allowed.record_no_l
join resolve_node r on r.record_no = allowed.record_no_r
