-- one row per rule that does not hold: its name, how many rows break it, the smallest of them
with recursive live_merge as materialized (
  select
    made.merge_id,
    made.record_no_l,
    made.record_no_r
  from identity_merge_log as made
  where made.kind = 'merge'
    and not exists (select from identity_merge_log as undone where undone.inverts = made.merge_id)
),
live_decision as (
  select
    ruled.decision_id,
    ruled.kind,
    ruled.record_no_l,
    ruled.record_no_r
  from identity_decision as ruled
  where ruled.kind <> 'withdraw'
    and not exists (select from identity_decision as taken_back where taken_back.withdraws = ruled.decision_id)
),
member as (
  select
    profile_id,
    count(*) as records,
    min(record_no) as first_record_no
  from source_record
  where profile_id is not null
  group by profile_id
),
edge_of_profile as (
  select
    record_l.profile_id,
    count(*) as merges
  from live_merge
  join source_record as record_l on record_l.record_no = live_merge.record_no_l
  group by record_l.profile_id
),
neighbour as (
  select
    record_no_l as record_no,
    record_no_r as other_no
  from live_merge
  union all
  select
    record_no_r,
    record_no_l
  from live_merge
),
reached as (
  select
    first_record_no as record_no,
    profile_id
  from profile
  where record_count > 1
  union
  select
    neighbour.other_no,
    reached.profile_id
  from reached
  join neighbour on neighbour.record_no = reached.record_no
),
way as (
  select
    alias_id,
    profile_id
  from profile_alias
  union
  select
    way.alias_id,
    profile_alias.profile_id
  from way
  join profile_alias on profile_alias.alias_id = way.profile_id
),
issued as (
  select profile_id from identity_merge_log
  union
  select profile_id_l from identity_merge_log
  union
  select profile_id_r from identity_merge_log
),
violation as (
  select
    'a record points at a profile that exists' as rule,
    source_record.record_no::text as example
  from source_record
  left join profile on profile.profile_id = source_record.profile_id
  where source_record.profile_id is not null
    and profile.profile_id is null
  union all
  select
    'a profile counts its records',
    profile.profile_id::text
  from profile
  left join member on member.profile_id = profile.profile_id
  where member.records is distinct from profile.record_count
    or member.first_record_no is distinct from profile.first_record_no
  union all
  select
    'a live merge joins two records of one profile',
    live_merge.merge_id::text
  from live_merge
  left join source_record as record_l on record_l.record_no = live_merge.record_no_l
  left join source_record as record_r on record_r.record_no = live_merge.record_no_r
  where record_l.profile_id is null
    or record_l.profile_id is distinct from record_r.profile_id
  union all
  select
    'a profile has one live merge fewer than records',
    profile.profile_id::text
  from profile
  left join edge_of_profile on edge_of_profile.profile_id = profile.profile_id
  where coalesce(edge_of_profile.merges, 0) <> profile.record_count - 1
  union all
  select
    'the live merges of a profile connect its records',
    source_record.record_no::text
  from source_record
  join profile on profile.profile_id = source_record.profile_id
  left join reached on reached.record_no = source_record.record_no and reached.profile_id = profile.profile_id
  where profile.record_count > 1
    and reached.record_no is null
  union all
  select
    'no live cannot-link lies inside a profile',
    live_decision.decision_id::text
  from live_decision
  join source_record as record_l on record_l.record_no = live_decision.record_no_l
  join source_record as record_r on record_r.record_no = live_decision.record_no_r
  where live_decision.kind = 'cannot_link'
    and record_l.profile_id = record_r.profile_id
  union all
  select
    'a pair that a person ruled on does not wait for one',
    live_decision.decision_id::text
  from live_decision
  join review_item
    on review_item.record_no_l = live_decision.record_no_l
    and review_item.record_no_r = live_decision.record_no_r
  union all
  select
    'an alias leads to a live profile, another alias or an end',
    profile_alias.alias_id::text
  from profile_alias
  left join profile on profile.profile_id = profile_alias.profile_id
  left join profile_alias as next_alias on next_alias.alias_id = profile_alias.profile_id
  where profile_alias.profile_id is not null
    and profile.profile_id is null
    and next_alias.alias_id is null
  union all
  select
    'aliases lead somewhere, never round in a circle',
    way.alias_id::text
  from way
  where way.profile_id = way.alias_id
  union all
  select
    'every id that was ever issued resolves',
    issued.profile_id::text
  from issued
  left join profile on profile.profile_id = issued.profile_id
  left join profile_alias on profile_alias.alias_id = issued.profile_id
  where issued.profile_id is not null
    and profile.profile_id is null
    and profile_alias.alias_id is null
  union all
  select
    'a log row that ends a merge names the two records of an earlier one',
    ending.merge_id::text
  from identity_merge_log as ending
  left join identity_merge_log as made on made.merge_id = ending.inverts and made.kind = 'merge' and made.merge_id < ending.merge_id
  where ending.kind <> 'merge'
    and (made.record_no_l, made.record_no_r) is distinct from (ending.record_no_l, ending.record_no_r)
  union all
  select
    'an unmerge stands on a cannot-link between its two records',
    undone.merge_id::text
  from identity_merge_log as undone
  left join identity_decision as ruled on ruled.decision_id = undone.decision_id and ruled.kind = 'cannot_link'
  where undone.kind = 'unmerge'
    and (ruled.record_no_l, ruled.record_no_r) is distinct from (undone.record_no_l, undone.record_no_r)
  union all
  select
    'a withdrawal names the two records of the decision that it takes back',
    taken_back.decision_id::text
  from identity_decision as taken_back
  left join identity_decision as ruled on ruled.decision_id = taken_back.withdraws and ruled.kind <> 'withdraw'
  where taken_back.kind = 'withdraw'
    and (ruled.record_no_l, ruled.record_no_r) is distinct from (taken_back.record_no_l, taken_back.record_no_r)
  union all
  select
    'a pair to review is of two profiles, or a weak merge that stands',
    review_item.record_no_l || ' ' || review_item.record_no_r
  from review_item
  left join source_record as record_l on record_l.record_no = review_item.record_no_l
  left join source_record as record_r on record_r.record_no = review_item.record_no_r
  left join live_merge on (live_merge.record_no_l, live_merge.record_no_r) = (review_item.record_no_l, review_item.record_no_r)
  where record_l.profile_id is null
    or record_r.profile_id is null
    or (review_item.kind = 'weak' and live_merge.merge_id is null)
    or (review_item.kind <> 'weak' and record_l.profile_id = record_r.profile_id)
  union all
  select
    'no id is both a profile and an alias',
    profile_alias.alias_id::text
  from profile_alias
  join profile on profile.profile_id = profile_alias.alias_id
  union all
  select
    'a golden value stands on the record that it names',
    profile.profile_id::text
  from profile
  cross join lateral json_each_text(profile.provenance) as named (field, record_no)
  left join source_record as member on member.record_no = named.record_no::bigint
  cross join lateral (
    values
    ('given_name', profile.given_name::text, member.given_name::text),
    ('middle_name', profile.middle_name::text, member.middle_name::text),
    ('family_name', profile.family_name::text, member.family_name::text),
    ('name_suffix', profile.name_suffix::text, member.name_suffix::text),
    ('gender', profile.gender::text, member.gender::text),
    ('email', profile.email::text, member.email::text),
    ('phone', profile.phone::text, member.phone::text),
    ('date_of_birth', profile.date_of_birth::text, member.date_of_birth::text),
    ('address', profile.address::text, member.address::text),
    ('city', profile.city::text, member.city::text),
    ('region', profile.region::text, member.region::text),
    ('postal_code', profile.postal_code::text, member.postal_code::text),
    ('country', profile.country::text, member.country::text),
    ('loyalty_id', profile.loyalty_id::text, member.loyalty_id::text),
    ('national_id', profile.national_id::text, member.national_id::text)
  ) as value (field, golden, given)
  where value.field = named.field
    and (member.profile_id is distinct from profile.profile_id or value.golden is distinct from value.given)
  union all
  select
    'each value of a profile of one record is that record''s; a placeholder may be left out',
    profile.profile_id::text
  from profile
  join source_record as member on member.record_no = profile.first_record_no
  where profile.record_count = 1
    and (
      (profile.given_name is not null and profile.given_name is distinct from member.given_name)
      or (profile.middle_name is not null and profile.middle_name is distinct from member.middle_name)
      or (profile.family_name is not null and profile.family_name is distinct from member.family_name)
      or (profile.name_suffix is not null and profile.name_suffix is distinct from member.name_suffix)
      or (profile.gender is not null and profile.gender is distinct from member.gender)
      or (profile.email is not null and profile.email is distinct from member.email)
      or (profile.phone is not null and profile.phone is distinct from member.phone)
      or (profile.date_of_birth is not null and profile.date_of_birth is distinct from member.date_of_birth)
      or (profile.address is not null and profile.address is distinct from member.address)
      or (profile.city is not null and profile.city is distinct from member.city)
      or (profile.region is not null and profile.region is distinct from member.region)
      or (profile.postal_code is not null and profile.postal_code is distinct from member.postal_code)
      or (profile.country is not null and profile.country is distinct from member.country)
      or (profile.loyalty_id is not null and profile.loyalty_id is distinct from member.loyalty_id)
      or (profile.national_id is not null and profile.national_id is distinct from member.national_id)
    )
)

select
  rule,
  count(*),
  min(example)
from violation
group by rule
order by rule
