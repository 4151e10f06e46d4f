-- A record that comes between two nights asks for the records of its birthday, and for the profiles of its postcode, with
-- something of the name. In ten million some 200 share a birthday and 150 a postcode. With initials and names in the index,
-- only those that are meant are fetched from the table: forty pages instead of four hundred.
drop index source_record_birth;
create index source_record_birth on source_record (date_of_birth, ascii(given_name), ascii(family_name), postal_code)
where date_of_birth is not null;
drop index profile_postal_code;
create index profile_postal_code on profile (postal_code, left(family_search, 1), given_search)
where postal_code is not null;
