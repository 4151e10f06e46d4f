-- One row per merge that stands after tonight, with the number that it has in the log.
create or replace table live_merge as
select merge_id, record_no_l, record_no_r, match_weight, match_probability, levels, blocking_rule
from standing_merge
where record_no_l not in (select record_no from touched_record)
  or (record_no_l, record_no_r) in (select (record_no_l, record_no_r) from merge)
union all by name
select merge_id, record_no_l, record_no_r, match_weight, match_probability, levels, blocking_rule
from merge_log_new
where kind = 'merge'
