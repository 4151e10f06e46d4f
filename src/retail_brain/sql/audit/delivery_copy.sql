-- One row per source: the greatest number of its new and changed records that are alike in name and in every identifier.
with alike as (
  select source, count(*) as rows
  from audit_fresh
  where family_name is not null and (email is not null or phone is not null or date_of_birth is not null)
  group by source, given_name, family_name, email, phone, date_of_birth, loyalty_id
)
select source, max(rows) as rows from alike group by source order by source
