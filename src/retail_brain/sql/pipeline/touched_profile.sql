-- One row per profile whose values may differ from before: a member came, went, moved or changed.
create or replace table touched_profile as
with moved as (
  select now.profile_id as profile_id, before.profile_id as left_profile_id
  from crosswalk_tonight as now
  join touched_before as before using (record_no)
  where now.profile_id <> before.profile_id
),
touched as (
  select profile_id from crosswalk_tonight where record_no in (select record_no from changed_record)
  union
  select profile_id from touched_before where record_no in (select record_no from changed_record)
  union
  select profile_id from moved
  union
  select left_profile_id from moved
)
select profile_id from touched where profile_id in (select profile_id from crosswalk_tonight)
