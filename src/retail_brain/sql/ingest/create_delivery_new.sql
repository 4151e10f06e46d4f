-- One row per delivery of tonight that was not ingested before; rows = accepted + quarantined + duplicates.
create or replace table delivery_new (
  delivery_id varchar,
  source varchar,
  file_name varchar,
  bytes bigint,
  rows bigint,
  accepted bigint,
  quarantined bigint,
  duplicates bigint
)
