-- One row per source and field: on known records that had a value and have one now, the share on which it is another; and, as the field updated_at, the share that is older than what is known.
with known as materialized (
  select
    row.source,
    [
      {'field': 'given_name', 'known': before.given_name, 'now': row.given_name},
      {'field': 'family_name', 'known': before.family_name, 'now': row.family_name},
      {'field': 'email', 'known': before.email, 'now': row.email},
      {'field': 'phone', 'known': before.phone, 'now': row.phone},
      {'field': 'date_of_birth', 'known': before.date_of_birth::varchar, 'now': row.date_of_birth::varchar},
      {'field': 'address', 'known': before.address, 'now': row.address},
      {'field': 'postal_code', 'known': before.postal_code, 'now': row.postal_code},
      {'field': 'loyalty_id', 'known': before.loyalty_id, 'now': row.loyalty_id},
      {'field': 'national_id', 'known': before.national_id, 'now': row.national_id},
      {'field': 'updated_at', 'known': before.updated_at::varchar, 'now': row.updated_at::varchar}
    ] as fields
  from audit_row as row
  join record_before as before on before.record_no = row.record_no
  where row.action in ('changed', 'unchanged')
),
pair as (
  select source, unnest(fields, recursive := true) from known
),
judged as (
  select
    source,
    field,
    case field
      when 'updated_at' then now < known
      else regexp_replace(lower(strip_accents(known)), '[^a-z0-9]', '', 'g') <> regexp_replace(lower(strip_accents(now)), '[^a-z0-9]', '', 'g')
    end as another
  from pair
  where known is not null and now is not null
)
select source, field, avg(another::double) as share, count(*) filter (where another) as rows
from judged
group by source, field
order by source, field
