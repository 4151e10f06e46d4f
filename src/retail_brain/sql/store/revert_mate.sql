-- one row per record that shares a profile with one of a list: its number, source and key, and the profile
select
  mate.record_no,
  mate.source,
  mate.record_id,
  mate.profile_id
from source_record as mate
where mate.profile_id in (select profile_id from source_record where record_no = any(%(record_nos)s))
