-- nothing: brings retired profile ids from the temporary table profile_alias_new
insert into profile_alias (
  alias_id,
  profile_id,
  run_id
)
select
  alias_id,
  profile_id,
  run_id
from profile_alias_new
on conflict (alias_id) do update set
  profile_id = excluded.profile_id,
  run_id = excluded.run_id
