-- One day of birth: ISO 8601, a count of seconds or milliseconds, or as it was read; NULL outside 1900 to today.
create or replace temp macro value_day(clean, day_read) as
    case
        when regexp_full_match(clean, '[0-9]{4}-[0-9]{2}-[0-9]{2}([ T].*)?') then value_day_checked(try_cast(left(clean, 10) as date))
        else value_day_checked(coalesce(day_read, value_epoch(clean)::date))
    end
