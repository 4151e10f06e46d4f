-- One row per link that is no better than a rival: one of its records is linked about as well to another record, and the two clash.
create or replace table doubt as
with side as (
    select record_no_l as own, record_no_r as other, record_no_l, record_no_r, match_weight from edge where match_probability >= $merge_probability
    union all
    select record_no_r, record_no_l, record_no_l, record_no_r, match_weight from edge where match_probability >= $merge_probability
),
foe as (
    select record_no_l as one, record_no_r as two from clash
    union all
    select record_no_r, record_no_l from clash
),
rival as (
    select side.record_no_l, side.record_no_r, side.match_weight, max(rival.match_weight) as rival_weight
    from foe
    join side on side.other = foe.one
    join side rival on rival.own = side.own and rival.other = foe.two
    group by side.record_no_l, side.record_no_r, side.own, side.match_weight
)
select distinct record_no_l, record_no_r
from rival
where round(1 / (1 + power(2.0, -match_weight) + power(2.0, rival_weight - match_weight)), 9) < 0.75
