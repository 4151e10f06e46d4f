-- one row per pair of the review queue, the one with most at stake first: its evidence, its profiles, and whether it is still a question
with queued as materialized (
  select *
  from review_item
  where (%(kinds)s::text[] is null or kind = any(%(kinds)s))
    and (%(min_weight)s::double precision is null or match_weight >= %(min_weight)s)
    and (%(max_weight)s::double precision is null or match_weight <= %(max_weight)s)
    and (
      %(source)s::text is null
      or exists (
        select
        from source_record
        where record_no in (review_item.record_no_l, review_item.record_no_r)
          and source = %(source)s
      )
    )
    and (
      %(after_stake)s::double precision is null
      or stake < %(after_stake)s
      or (stake = %(after_stake)s and (record_no_l, record_no_r) > (%(after_l)s, %(after_r)s))
    )
  order by
    stake desc,
    record_no_l,
    record_no_r
  limit %(limit)s
)

select
  queued.record_no_l,
  queued.record_no_r,
  queued.kind,
  queued.match_weight,
  queued.match_probability,
  queued.levels,
  queued.blocking_rule,
  queued.reason,
  queued.stake,
  record_l.profile_id as profile_id_l,
  record_r.profile_id as profile_id_r,
  profile_l.record_count as records_l,
  profile_r.record_count as records_r,
  made.merge_id,
  (
    profile_l.profile_id is not null
    and profile_r.profile_id is not null
    and (queued.kind = 'weak') = (record_l.profile_id = record_r.profile_id)
    and (queued.kind = 'weak') = (made.merge_id is not null)
    and not exists (
      select
      from source_record as mate
      join identity_decision as ruled on ruled.record_no_l = mate.record_no and ruled.kind = 'cannot_link'
      join source_record as other on other.record_no = ruled.record_no_r
      where mate.profile_id in (record_l.profile_id, record_r.profile_id)
        and other.profile_id in (record_l.profile_id, record_r.profile_id)
        and other.profile_id <> mate.profile_id
        and not exists (select from identity_decision as taken_back where taken_back.withdraws = ruled.decision_id)
    )
  ) as is_open
from queued
join source_record as record_l on record_l.record_no = queued.record_no_l
join source_record as record_r on record_r.record_no = queued.record_no_r
left join profile as profile_l on profile_l.profile_id = record_l.profile_id
left join profile as profile_r on profile_r.profile_id = record_r.profile_id
left join identity_merge_log as made
  on queued.kind = 'weak'
  and made.kind = 'merge'
  and made.record_no_l = queued.record_no_l
  and made.record_no_r = queued.record_no_r
  and not exists (select from identity_merge_log as undone where undone.inverts = made.merge_id)
order by
  queued.stake desc,
  queued.record_no_l,
  queued.record_no_r
