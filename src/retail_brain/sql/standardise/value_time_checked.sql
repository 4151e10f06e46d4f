-- One point in time, or NULL where it lies before 1900 or after tomorrow, which has begun somewhere.
create or replace temp macro value_time_checked(moment) as
    case
        when moment >= timestamp '1900-01-01' and moment < getvariable('value_today')::date + interval 2 day then moment
    end
