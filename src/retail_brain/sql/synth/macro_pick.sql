-- No rows: pick() gives a position in a list, early ones far more often.
create or replace temp macro pick(u, n) as 1 + floor(pow(u, 1.35) * n)::bigint
