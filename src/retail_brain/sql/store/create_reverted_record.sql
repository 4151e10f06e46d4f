-- nothing: makes the temporary table of the records of a revert: the profile of each from now on (empty: it is gone), and what becomes of its values
create temporary table reverted_record (
  record_no bigint primary key,
  profile_id uuid,
  restored boolean not null,
  arrived boolean not null
) on commit drop
