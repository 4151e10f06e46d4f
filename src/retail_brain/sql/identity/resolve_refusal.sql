-- One row per refused link: the two records, match weight, levels, blocking rule, reason, and the two records that clash (NULL where none do: too many values of a field, refused before, no better than a rival).
create or replace table refusal as
select
    evidence.record_no_l,
    evidence.record_no_r,
    evidence.match_weight,
    evidence.levels,
    evidence.blocking_rule,
    coalesce(conflict.reason, 'too many ' || forest_bound.field) as reason,
    l.record_no as clash_no_l,
    r.record_no as clash_no_r
from resolve_link link
join forest_refused using (position)
join resolve_evidence evidence on evidence.rowid = link.evidence_row
left join resolve_conflict conflict on conflict.position = forest_refused.blamed
left join forest_bound on forest_bound.number = forest_refused.blamed
left join resolve_node l on l.node = conflict.node_l
left join resolve_node r on r.node = conflict.node_r
union all
select edge.record_no_l, edge.record_no_r, edge.match_weight, edge.levels, edge.blocking_rule, resolve_refused.reason, null, null
from resolve_edge as edge
join resolve_refused using (record_no_l, record_no_r)
anti join (select record_no_l, record_no_r from resolve_decision where kind = 'must_link') using (record_no_l, record_no_r)
