-- One row per link that is walked: the two records, weight, evidence, kind ('must_link' or 'match'), whether it is a merge already.
create or replace temp table resolve_evidence as
with link as (
    select
        coalesce(e.record_no_l, d.record_no_l) as record_no_l,
        coalesce(e.record_no_r, d.record_no_r) as record_no_r,
        e.match_weight,
        e.match_probability,
        e.levels,
        e.blocking_rule,
        case when d.record_no_l is not null then 'must_link' else 'match' end as kind
    from resolve_edge e
    full join (select record_no_l, record_no_r from resolve_decision where kind = 'must_link') d
        on d.record_no_l = e.record_no_l and d.record_no_r = e.record_no_r
    where d.record_no_l is not null or e.match_probability >= $merge_probability
)

select link.*, s.record_no_l is not null as stands
from link
left join resolve_standing s on s.record_no_l = link.record_no_l and s.record_no_r = link.record_no_r
anti join (select record_no_l, record_no_r from resolve_decision where kind = 'cannot_link') c
    on c.record_no_l = link.record_no_l and c.record_no_r = link.record_no_r
left join resolve_refused f on f.record_no_l = link.record_no_l and f.record_no_r = link.record_no_r
where f.record_no_l is null or link.kind = 'must_link'
