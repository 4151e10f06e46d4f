-- One row per row of tonight's deliveries that could not be taken: where it stands, why, and its raw text (at most 10,000 characters).
create or replace table quarantined_row_new (
  delivery_id varchar,
  source varchar,
  file_name varchar,
  line bigint,
  reason varchar,
  raw varchar
)
