-- No rows: night_of() gives the later night that a draw falls on when each of them has a share, or 1.
create or replace temp macro night_of(u, share) as if(u < share * (nights() - 1), 2 + floor(u / share), 1)::integer
