-- One row per link of the groups looked at that is no better than a rival: one of its records is linked about as well to another record and the two clash, or both are torn between the same two.
create or replace table doubt as
with grouped as (
    select record_no_l, record_no_r, match_weight
    from edge
    where match_probability >= $merge_probability and record_no_l in (select record_no from link_group)
),
side as (
    select record_no_l as own, record_no_r as other, record_no_l, record_no_r, match_weight from grouped
    union all
    select record_no_r, record_no_l, record_no_l, record_no_r, match_weight from grouped
),
foe as (
    select record_no_l as one, record_no_r as two from clash
    union all
    select record_no_r, record_no_l from clash
),
rival as (
    select side.record_no_l, side.record_no_r, side.own, side.match_weight, rival.match_weight as rival_weight, least(foe.one, foe.two) as one, greatest(foe.one, foe.two) as two
    from foe
    join side on side.other = foe.one
    join side rival on rival.own = side.own and rival.other = foe.two
),
torn as (
    select own, one, two, max(match_weight) as match_weight
    from rival
    where round(1 / (1 + power(2.0, -match_weight) + power(2.0, rival_weight - match_weight)), 9) < 0.75
    group by all
),
link as (
    select record_no_l, record_no_r, match_weight, max(rival_weight) as rival_weight
    from rival
    group by record_no_l, record_no_r, own, match_weight
    union all
    select side.record_no_l, side.record_no_r, side.match_weight, max(greatest(l.match_weight, r.match_weight))
    from torn l
    join torn r on r.one = l.one and r.two = l.two and l.own < r.own
    join side on side.own = l.own and side.other = r.own
    group by all
)
select distinct record_no_l, record_no_r
from link
where round(1 / (1 + power(2.0, -match_weight) + power(2.0, rival_weight - match_weight)), 9) < 0.75
