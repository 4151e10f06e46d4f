-- A day with the time that stands behind it on a clock of 12 or 24 hours; midnight where there is none.
create or replace temp macro value_moment(day, clean) as
    day
    + coalesce(
        try_cast(regexp_extract(clean, '[T ,]([0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?)', 1) as time),
        time '00:00:00'
    )
    + case
        when regexp_matches(clean, '(?i)[t ,]12:[0-9:.]+ ?a\.?m') then interval (-12) hour
        when regexp_matches(clean, '(?i)[t ,]0?([1-9]|1[01]):[0-9:.]+ ?p\.?m') then interval 12 hour
        else interval 0 hour
    end
