-- No rows: phone_text() gives ten digits as people write them.
create or replace temp macro phone_text(p, u) as
    case
        when u < 0.3 then p
        when u < 0.55 then '(' || p[1:3] || ') ' || p[4:6] || '-' || p[7:10]
        when u < 0.75 then p[1:3] || '-' || p[4:6] || '-' || p[7:10]
        when u < 0.9 then '+1 ' || p[1:3] || ' ' || p[4:6] || ' ' || p[7:10]
        else p[1:3] || '.' || p[4:6] || '.' || p[7:10]
    end
