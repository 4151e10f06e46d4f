-- No rows: street_line() gives one line of address.
create or replace temp macro street_line(house_number, street, street_type) as house_number || ' ' || street || ' ' || street_type
