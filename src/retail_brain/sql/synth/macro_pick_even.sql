-- No rows: pick_even() gives a position in a list, all alike.
create or replace temp macro pick_even(u, n) as 1 + floor(u * n)::bigint
