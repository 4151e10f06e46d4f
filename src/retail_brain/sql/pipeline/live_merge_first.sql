-- One row per merge of a first run, all of which stand.
create view live_merge as
select merge_id, record_no_l, record_no_r, match_weight, match_probability, levels, blocking_rule from merge_log_new
