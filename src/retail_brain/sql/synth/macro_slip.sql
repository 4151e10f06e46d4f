-- No rows: slip() gives a text with one typing error behind its first letter.
create or replace temp macro slip(s, u, v) as if(length(s) < 4, s, slip_at(s, 2 + floor(u * (length(s) - 2))::integer, v))
