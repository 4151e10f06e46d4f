-- one row per pair that waits for a person, the one with most at stake first: its evidence, and the profiles that its records are in
with kept_apart as materialized (
  select
    least(record_l.profile_id, record_r.profile_id) as profile_id_l,
    greatest(record_l.profile_id, record_r.profile_id) as profile_id_r
  from identity_decision as ruled
  join source_record as record_l on record_l.record_no = ruled.record_no_l
  join source_record as record_r on record_r.record_no = ruled.record_no_r
  where ruled.kind = 'cannot_link'
    and not exists (select from identity_decision as taken_back where taken_back.withdraws = ruled.decision_id)
)

select
  item.record_no_l,
  item.record_no_r,
  item.kind,
  item.match_weight,
  item.match_probability,
  item.levels,
  item.blocking_rule,
  item.reason,
  item.stake,
  record_l.profile_id as profile_id_l,
  record_r.profile_id as profile_id_r,
  profile_l.record_count as records_l,
  profile_r.record_count as records_r,
  made.merge_id
from review_item as item
join source_record as record_l on record_l.record_no = item.record_no_l
join source_record as record_r on record_r.record_no = item.record_no_r
join profile as profile_l on profile_l.profile_id = record_l.profile_id
join profile as profile_r on profile_r.profile_id = record_r.profile_id
left join identity_merge_log as made
  on item.kind = 'weak'
  and made.kind = 'merge'
  and made.record_no_l = item.record_no_l
  and made.record_no_r = item.record_no_r
  and not exists (select from identity_merge_log as undone where undone.inverts = made.merge_id)
where (item.kind = 'weak') = (record_l.profile_id = record_r.profile_id)
  and (item.kind = 'weak') = (made.merge_id is not null)
  and not exists (
    select
    from kept_apart
    where kept_apart.profile_id_l = least(record_l.profile_id, record_r.profile_id)
      and kept_apart.profile_id_r = greatest(record_l.profile_id, record_r.profile_id)
  )
  and (%(kinds)s::text[] is null or item.kind = any(%(kinds)s))
  and (%(source)s::text is null or %(source)s in (record_l.source, record_r.source))
  and (%(min_weight)s::double precision is null or item.match_weight >= %(min_weight)s)
  and (%(max_weight)s::double precision is null or item.match_weight <= %(max_weight)s)
  and (%(record_no_l)s::bigint is null or (item.record_no_l, item.record_no_r) = (%(record_no_l)s, %(record_no_r)s))
  and (
    %(after_stake)s::double precision is null
    or item.stake < %(after_stake)s
    or (item.stake = %(after_stake)s and (item.record_no_l, item.record_no_r) > (%(after_l)s, %(after_r)s))
  )
order by
  item.stake desc,
  item.record_no_l,
  item.record_no_r
limit %(limit)s
