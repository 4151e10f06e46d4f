-- one row per record of a list
with member as materialized (
  select record_no
  from unnest(%(record_nos)s::bigint[]) as listed (record_no)
)

