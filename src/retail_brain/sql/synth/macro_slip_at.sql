-- No rows: slip_at() gives a text with one typing error at a place.
create or replace temp macro slip_at(s, p, u) as
    case floor(u * 4)::integer
        when 0 then left(s, p - 1) || substr(s, p + 1)
        when 1 then left(s, p - 1) || substr(s, p + 1, 1) || substr(s, p, 1) || substr(s, p + 2)
        when 2 then left(s, p - 1) || translate(substr(s, p, 1), 'abcdefghijklmnopqrstuvwxyz', 'svxfrdhguklijbpokwdyihzexs') || substr(s, p + 1)
        else left(s, p) || substr(s, p)
    end
