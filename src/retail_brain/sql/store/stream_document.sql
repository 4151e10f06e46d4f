-- one row: the profiles in a range of the table's pages and of ids as documents without their records, what is empty left out;
-- their ids as text, in the same order, and as bytes. Texts are joined by U+001E, which JSON never holds. Put together piece by
-- piece: what is NULL makes its piece NULL, and concat leaves that out. json_strip_nulls over json_build_object says the same
-- (pending_changes.sql) and takes twice the time; provenance is as every night writes it, without spaces and NULL. What reads
-- this adds the records and the last brace.
select
  string_agg(profile_id::text, E'\x1e') as profile_ids,
  string_agg(uuid_send(profile_id), '') as keys,
  string_agg(
    concat(
      '{"profile_id":"', profile_id, '"',
      ',"given_name":' || to_json(given_name)::text,
      ',"middle_name":' || to_json(middle_name)::text,
      ',"family_name":' || to_json(family_name)::text,
      ',"name_suffix":' || to_json(name_suffix)::text,
      ',"gender":' || to_json(gender)::text,
      ',"email":' || to_json(email)::text,
      ',"phone":' || to_json(phone)::text,
      ',"date_of_birth":' || to_json(date_of_birth)::text,
      ',"address":' || to_json(address)::text,
      ',"city":' || to_json(city)::text,
      ',"region":' || to_json(region)::text,
      ',"postal_code":' || to_json(postal_code)::text,
      ',"country":' || to_json(country)::text,
      ',"loyalty_id":' || to_json(loyalty_id)::text,
      ',"national_id":' || to_json(national_id)::text,
      ',"record_count":', record_count,
      ',"first_record_no":', first_record_no,
      ',"provenance":' || provenance::text,
      ',"updated_at":' || to_json(updated_at)::text,
      ',"version":', version
    ),
    E'\x1e'
  ) as documents
from profile
where ctid >= %(from)s::tid
  and ctid < %(before)s::tid
  and profile_id between %(least)s::uuid and %(greatest)s::uuid
