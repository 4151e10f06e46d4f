-- One row per delivered record that is looked at: all of them, or an even sample of a large source, the same whatever the order of rows.
create or replace temp table audit_row as
with total as (
  select source, greatest(1, count(*) // $sample_rows) as step from audit_delivered group by source
)
select
  delivered.* exclude (given_name, family_name),
  given_name,
  family_name,
  nullif(regexp_replace(lower(strip_accents(given_name)), '[^a-z]', '', 'g'), '') as given_key,
  nullif(regexp_replace(lower(strip_accents(family_name)), '[^a-z]', '', 'g'), '') as family_key
from audit_delivered as delivered
join total using (source)
where total.step = 1 or hash(source || chr(31) || record_id) % total.step = 0
