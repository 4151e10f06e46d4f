-- one row: the records in a range of the table's pages and of profile ids: profile ids and record numbers as bytes, and in the
-- same order what a profile's document says of each, joined by U+001E, which JSON never holds
select
  string_agg(uuid_send(profile_id), '') as keys,
  string_agg(int8send(record_no), '') as record_nos,
  string_agg(
    concat('{"record_no":', record_no, ',"source":', to_json(source), ',"record_id":', to_json(record_id), '}'),
    E'\x1e'
  ) as entries
from source_record
where ctid >= %(from)s::tid
  and ctid < %(before)s::tid
  and profile_id between %(least)s::uuid and %(greatest)s::uuid
