-- one row per record of the profiles of a list of ids
with member as materialized (
  select record_no
  from source_record
  where profile_id = any(%(profile_ids)s)
)

