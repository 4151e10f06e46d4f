-- No rows: slip_digit() gives a phone number with one wrong digit.
create or replace temp macro slip_digit(s, u, v) as
    left(s, 3 + floor(u * 7)::integer) || floor(v * 10)::integer::varchar || substr(s, 5 + floor(u * 7)::integer)
