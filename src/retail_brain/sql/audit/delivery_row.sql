-- One row per delivered record that is looked at: all of them, or an even sample of a large source, the same whatever the order of rows.
create or replace temp table audit_row as
select
  delivered.* exclude (given_name, family_name),
  given_name,
  family_name,
  nullif(regexp_replace(lower(strip_accents(given_name)), '[^a-z]', '', 'g'), '') as given_key,
  nullif(regexp_replace(lower(strip_accents(family_name)), '[^a-z]', '', 'g'), '') as family_key
from audit_delivered as delivered
where hash(record_id) % getvariable('sample_step')[source] = 0
