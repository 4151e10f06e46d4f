-- The part of a date or of a point in time that tells the day, NULL where the text is a count of seconds.
create or replace temp macro value_date_text(clean) as
    case
        when regexp_full_match(clean, '[0-9]{9,17}(\.0+)?') then null
        else regexp_extract(clean, '^(.*?)([T ,]+[0-9]{1,2}:[0-9]{2}.*)?$', 1)
    end
