-- One count of seconds, milliseconds or microseconds since 1970, or fourteen digits of date and time, as a point in time.
create or replace temp macro value_epoch(clean) as
    case
        when regexp_full_match(clean, '[0-9]{9,10}(\.0+)?') then make_timestamp(try_cast(regexp_extract(clean, '^[0-9]+') as bigint) * 1000000)
        when regexp_full_match(clean, '[0-9]{12,13}(\.0+)?') then make_timestamp(try_cast(regexp_extract(clean, '^[0-9]+') as bigint) * 1000)
        when regexp_full_match(clean, '[0-9]{14}') then try_strptime(clean, '%Y%m%d%H%M%S')
        when regexp_full_match(clean, '[0-9]{15,16}') then make_timestamp(try_cast(clean as bigint))
    end
