-- What taking a published run back needs: each record that a run wrote, as it was before, for the last few runs.

alter table run drop constraint run_status_check;
alter table run add constraint run_status_check
  check (status in ('running', 'held', 'published', 'failed', 'discarded', 'reverted'));
comment on column run.status is 'running, held (waits for a person), published, failed, discarded or reverted (was published and taken back).';

create table former_record (
  run_id bigint not null,
  record_no bigint not null,
  is_new boolean not null,
  profile_id uuid,
  delivery_no integer,
  row_hash text collate "C",
  given_name text collate "C",
  middle_name text collate "C",
  family_name text collate "C",
  name_suffix text collate "C",
  gender text collate "C",
  email text collate "C",
  phone text collate "C",
  date_of_birth date,
  address text collate "C",
  city text collate "C",
  region text collate "C",
  postal_code text collate "C",
  country text collate "C",
  loyalty_id text collate "C",
  national_id text collate "C",
  updated_at timestamp,
  attributes json,
  gone_run bigint,
  primary key (run_id, record_no)
);
comment on table former_record is 'One row per record that one of the last seven published runs wrote, as it was before: what `run revert` puts back. Older ones are removed.';
comment on column former_record.run_id is 'The run that wrote the record.';
comment on column former_record.record_no is 'The record.';
comment on column former_record.is_new is 'The run brought the record; all other columns are empty then.';
comment on column former_record.profile_id is 'The profile it belonged to; empty where no source delivered it.';
comment on column former_record.delivery_no is 'The delivery that its values came with.';
comment on column former_record.row_hash is 'Hash of all standardised values.';
comment on column former_record.given_name is 'Given name.';
comment on column former_record.middle_name is 'Middle name or initial.';
comment on column former_record.family_name is 'Family name.';
comment on column former_record.name_suffix is 'Jr, Sr, III …';
comment on column former_record.gender is 'f or m; empty when unknown.';
comment on column former_record.email is 'E-mail address, lower case.';
comment on column former_record.phone is 'Phone number, E.164 where it can be.';
comment on column former_record.date_of_birth is 'Date of birth.';
comment on column former_record.address is 'Street and house number.';
comment on column former_record.city is 'City.';
comment on column former_record.region is 'State, county or region.';
comment on column former_record.postal_code is 'Postcode.';
comment on column former_record.country is 'Country, as delivered.';
comment on column former_record.loyalty_id is 'Number of the loyalty card.';
comment on column former_record.national_id is 'National identity number.';
comment on column former_record.updated_at is 'When the source last changed it, as the source says.';
comment on column former_record.attributes is 'Columns that the source passes through.';
comment on column former_record.gone_run is 'The run in which the source had stopped delivering it; empty while it did.';
