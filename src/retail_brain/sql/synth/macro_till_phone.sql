-- No rows: till_phone() gives the number that a till types in when a customer gives none.
create or replace temp macro till_phone(person_no) as '20155501' || lpad((40 + person_no % 3)::varchar, 2, '0')
