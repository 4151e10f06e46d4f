-- One row per link, best rank first: position, the two nodes, kind, stands, and the row of its evidence.
create or replace temp table resolve_link as
select
    row_number() over (
        order by evidence.kind = 'must_link' desc, evidence.stands desc, evidence.match_weight desc nulls last, evidence.record_no_l, evidence.record_no_r
    ) - 1 as position,
    l.node as node_l,
    r.node as node_r,
    evidence.kind,
    evidence.stands,
    evidence.rowid as evidence_row
from resolve_evidence as evidence
join resolve_node l on l.record_no = evidence.record_no_l
join resolve_node r on r.record_no = evidence.record_no_r
