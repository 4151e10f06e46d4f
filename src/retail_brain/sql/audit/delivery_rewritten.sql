-- One row per source and field: on known records that had a value and have one now, the share on which it is another; and, as the field updated_at, the share that is older than what is known.
with pair as (
  select
    row.source,
    unnest([
      {'field': 'given_name', 'known': before.given_name, 'now': row.given_name},
      {'field': 'family_name', 'known': before.family_name, 'now': row.family_name},
      {'field': 'email', 'known': before.email, 'now': row.email},
      {'field': 'phone', 'known': before.phone, 'now': row.phone},
      {'field': 'date_of_birth', 'known': before.date_of_birth::varchar, 'now': row.date_of_birth::varchar},
      {'field': 'address', 'known': before.address, 'now': row.address},
      {'field': 'postal_code', 'known': before.postal_code, 'now': row.postal_code},
      {'field': 'loyalty_id', 'known': before.loyalty_id, 'now': row.loyalty_id},
      {'field': 'national_id', 'known': before.national_id, 'now': row.national_id}
    ], recursive := true)
  from audit_row as row
  join record_before as before on before.record_no = row.record_no
  where row.action in ('changed', 'unchanged')
),
folded as (
  select
    source,
    field,
    regexp_replace(lower(strip_accents(known)), '[^a-z0-9]', '', 'g') <> regexp_replace(lower(strip_accents(now)), '[^a-z0-9]', '', 'g') as another
  from pair
  where known is not null and now is not null
)
select source, field, avg(another::double) as share, count(*) filter (where another) as rows from folded group by source, field
union all
select row.source, 'updated_at', avg((row.updated_at < before.updated_at)::double), count(*) filter (where row.updated_at < before.updated_at)
from audit_row as row
join record_before as before on before.record_no = row.record_no
where row.action in ('changed', 'unchanged') and row.updated_at is not null and before.updated_at is not null
group by row.source
order by all
