-- No rows: slip_date() gives a date with its day and month swapped, or a little off, or in the wrong decade.
create or replace temp macro slip_date(d, u) as
    case
        when u < 0.4 and day(d) <= 12 then make_date(year(d), day(d), month(d))
        when u < 0.7 then d + (1 + floor(u * 9)::integer)
        when u < 0.85 then make_date(year(d) - 10, month(d), least(day(d), 28))
        else make_date(year(d), 1, 1)
    end
