-- One point in time: ISO 8601 (in UTC where it names its zone), a count, or a day that was read and its time of day.
create or replace temp macro value_time(clean, day_read) as
    case
        when regexp_full_match(clean, '[0-9]{4}-[0-9]{2}-[0-9]{2}([ T].*)?') then value_time_checked(try_cast(clean as timestamp))
        when day_read is not null then value_time_checked(day_read + value_clock(clean))
        else value_time_checked(value_epoch(clean))
    end
