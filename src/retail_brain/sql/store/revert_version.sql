-- one row per profile of a list: its version
select
  profile_id,
  version
from profile
where profile_id = any(%(profile_ids)s)
