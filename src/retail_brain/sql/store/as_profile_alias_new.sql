-- one row per retired profile id of a list, as the temporary table of a night has them
with profile_alias_new as (
  select
    alias_id,
    profile_id,
    %(run_id)s::bigint as run_id
  from unnest(%(alias_ids)s::uuid[], %(profile_ids)s::uuid[]) as listed (alias_id, profile_id)
)

