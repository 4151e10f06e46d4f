-- One day, or NULL where it lies before 1900 or after today.
create or replace temp macro value_day_checked(day) as
    case when day >= date '1900-01-01' and day <= getvariable('value_today')::date then day end
