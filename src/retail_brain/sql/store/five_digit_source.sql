-- one row per source whose postcodes have five digits: there a code of three or four has lost its leading zeros
select asked.source
from unnest(%(sources)s::text[]) as asked (source)
cross join lateral (
  select
    count(*) as codes,
    count(*) filter (where sample.postal_code ~ '^[0-9]{5}$') as of_five
  from (
    select source_record.postal_code
    from source_record
    where source_record.source = asked.source
      and source_record.postal_code is not null
    limit 1000
  ) as sample
) as counted
where counted.codes > 0
  and counted.of_five >= 0.8 * counted.codes
