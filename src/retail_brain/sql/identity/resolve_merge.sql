-- One row per tree edge: the two records, match weight and probability, levels, blocking rule, kind ('match' or 'must_link').
create or replace table merge as
select evidence.* exclude (stands)
from resolve_link link
join forest_tree using (position)
join resolve_evidence evidence on evidence.rowid = link.evidence_row
