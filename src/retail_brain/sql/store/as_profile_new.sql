-- one row per profile of a JSON list, as the temporary table of a night has them
with profile_new as (
  select *
  from json_to_recordset(%(profiles)s) as listed (
    profile_id uuid,
    given_name text,
    middle_name text,
    family_name text,
    name_suffix text,
    gender text,
    email text,
    phone text,
    date_of_birth date,
    address text,
    city text,
    region text,
    postal_code text,
    country text,
    loyalty_id text,
    national_id text,
    record_count integer,
    first_record_no bigint,
    provenance json,
    updated_at timestamp,
    given_search text,
    family_search text,
    run_id bigint
  )
)

