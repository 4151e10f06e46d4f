-- The day of a date or of a point in time in ISO 8601, NULL where the text is another spelling or no such day.
create or replace temp macro value_iso_day(clean) as
    case
        when regexp_full_match(clean, '[0-9]{4}-[0-9]{2}-[0-9]{2}([ T].*)?') then try_cast(left(clean, 10) as date)
    end
