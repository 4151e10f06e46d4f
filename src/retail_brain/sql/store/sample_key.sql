-- one row per draw: a profile id, and then a record as SOURCE:RECORD_ID; the same one may be drawn twice, and without profiles there is null
with draw as (
  select
    gen_random_uuid() as profile_id,
    floor(random() * (select max(record_no) from source_record))::bigint as record_no
  from generate_series(1, %(draws)s::integer)
)

select coalesce(
  (
    select profile.profile_id::text
    from profile
    where profile.profile_id >= draw.profile_id
    order by profile.profile_id
    limit 1
  ),
  (
    select profile.profile_id::text
    from profile
    order by profile.profile_id
    limit 1
  )
) as key
from draw
union all
select coalesce(
  (
    select source_record.source || ':' || source_record.record_id
    from source_record
    where source_record.record_no >= draw.record_no
      and source_record.profile_id is not null
    order by source_record.record_no
    limit 1
  ),
  (
    select source_record.source || ':' || source_record.record_id
    from source_record
    where source_record.profile_id is not null
    order by source_record.record_no
    limit 1
  )
)
from draw
