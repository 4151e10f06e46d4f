-- One row per live record whose keys are not the ones that were scored before.
create or replace table changed_key as
select record_no
from (
  from match_key_tonight
  except
  (select * from match_key_before semi join match_key_tonight using (record_no))
)
