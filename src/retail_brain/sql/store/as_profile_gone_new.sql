-- one row per profile of a list, as the temporary table of a night has them
with profile_gone_new as (
  select unnest(%(profile_ids)s::uuid[]) as profile_id
)

