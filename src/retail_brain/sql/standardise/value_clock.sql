-- The time of day that stands behind a date, on a clock of 12 or 24 hours; midnight where there is none.
create or replace temp macro value_clock(clean) as
    coalesce(
        try_cast(lpad(regexp_extract(clean, '[T ,]+([0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?)', 1), 5, '0') as time)::interval,
        interval 0 second
    ) + case
        when regexp_matches(clean, '(?i) 12:[0-9:.]+ ?a\.?m') then interval (-12) hour
        when regexp_matches(clean, '(?i) (0?[1-9]|1[01]):[0-9:.]+ ?p\.?m') then interval 12 hour
        else interval 0 hour
    end
