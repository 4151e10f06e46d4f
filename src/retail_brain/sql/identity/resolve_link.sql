-- One row per link, best rank first: position, the two nodes, kind, stands, and the row of its evidence.
create or replace temp table resolve_link as
with ranked as (
    select
        row_number() over (order by kind = 'must_link' desc, stands desc, match_weight desc nulls last, record_no_l, record_no_r) - 1 as position,
        record_no_l,
        record_no_r,
        kind,
        stands,
        rowid as evidence_row
    from resolve_evidence
)

select
    ranked.position,
    l.node as node_l,
    r.node as node_r,
    ranked.kind,
    ranked.stands,
    ranked.evidence_row
from ranked
join resolve_node l on l.record_no = ranked.record_no_l
join resolve_node r on r.record_no = ranked.record_no_r
