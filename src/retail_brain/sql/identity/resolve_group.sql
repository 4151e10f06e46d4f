-- One row per record: record_no, group_no (the smallest record_no of its group).
create or replace table record_group as
select node.record_no, lowest.record_no as group_no
from resolve_node node
join forest_group using (node)
join resolve_node lowest on lowest.node = forest_group.lowest
