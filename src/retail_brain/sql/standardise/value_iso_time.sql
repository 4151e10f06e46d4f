-- One point in time in ISO 8601, in UTC where it names its zone, NULL where the text is another spelling.
create or replace temp macro value_iso_time(clean) as
    case
        when regexp_full_match(clean, '[0-9]{4}-[0-9]{2}-[0-9]{2}([ T].*)?') then try_cast(clean as timestamp)
    end
