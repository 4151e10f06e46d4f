-- nothing: keeps each record that the run is about to write as it is now, before the temporary tables are brought in
with written as (
  select record_no from source_record_new
  union
  select record_no from source_record_gone_new
)

insert into former_record
select
  %(run_id)s,
  written.record_no,
  before.record_no is null,
  before.profile_id,
  before.delivery_no,
  before.row_hash,
  before.given_name,
  before.middle_name,
  before.family_name,
  before.name_suffix,
  before.gender,
  before.email,
  before.phone,
  before.date_of_birth,
  before.address,
  before.city,
  before.region,
  before.postal_code,
  before.country,
  before.loyalty_id,
  before.national_id,
  before.updated_at,
  before.attributes,
  before.gone_run
from written
left join source_record as before on before.record_no = written.record_no
