-- One row per tree edge: the two records, match weight and probability, levels, blocking rule, kind ('match' or 'must_link').
create or replace table merge as
select link.record_no_l, link.record_no_r, link.match_weight, link.match_probability, link.levels, link.blocking_rule, link.kind
from resolve_link link
join forest_tree using (position)
