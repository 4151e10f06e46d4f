-- The people: what the sources delivered, the lasting profiles made of it, and how they are found.
-- Text is compared by its bytes (collate "C"): the same order on every server, and indexes that are built twice as fast.

create table source_record (
  record_no bigint primary key,
  source text collate "C" not null,
  record_id text collate "C" not null,
  profile_id uuid,
  delivery_no integer not null,
  row_hash text collate "C" not null,
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
  constraint source_record_key unique (source, record_id),
  check ((profile_id is null) = (gone_run is not null))
);
create index source_record_profile on source_record (profile_id);
create index source_record_email on source_record (email) where email is not null;
create index source_record_phone on source_record (phone) where phone is not null;
create index source_record_birth on source_record (date_of_birth) where date_of_birth is not null;
create index source_record_loyalty on source_record (loyalty_id) where loyalty_id is not null;
create index source_record_national on source_record (national_id) where national_id is not null;
comment on table source_record is 'One row per record that a source ever delivered, standardised.';
comment on column source_record.record_no is 'Lasting number of the record.';
comment on column source_record.source is 'The system that delivered it.';
comment on column source_record.record_id is 'The source''s own key.';
comment on column source_record.profile_id is 'The profile it belongs to; empty when the source no longer delivers it.';
comment on column source_record.delivery_no is 'The delivery that its values came with.';
comment on column source_record.row_hash is 'Hash of all standardised values: a record has changed when this differs.';
comment on column source_record.given_name is 'Given name.';
comment on column source_record.middle_name is 'Middle name or initial.';
comment on column source_record.family_name is 'Family name.';
comment on column source_record.name_suffix is 'Jr, Sr, III …';
comment on column source_record.gender is 'f or m; empty when unknown.';
comment on column source_record.email is 'E-mail address, lower case.';
comment on column source_record.phone is 'Phone number, E.164 where it can be.';
comment on column source_record.date_of_birth is 'Date of birth.';
comment on column source_record.address is 'Street and house number.';
comment on column source_record.city is 'City.';
comment on column source_record.region is 'State, county or region.';
comment on column source_record.postal_code is 'Postcode.';
comment on column source_record.country is 'Country, as delivered.';
comment on column source_record.loyalty_id is 'Number of the loyalty card.';
comment on column source_record.national_id is 'National identity number.';
comment on column source_record.updated_at is 'When the source last changed it, as the source says.';
comment on column source_record.attributes is 'Columns that the source passes through.';
comment on column source_record.gone_run is 'The run in which the source stopped delivering it; empty while it does.';

create table profile (
  profile_id uuid primary key,
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
  record_count integer not null check (record_count > 0),
  first_record_no bigint not null,
  provenance json,
  updated_at timestamp,
  given_search text collate "C",
  family_search text collate "C",
  version bigint not null default 1,
  run_id bigint not null
);
create index profile_name on profile (family_search, given_search);
create index profile_given on profile (given_search);
create index profile_postal_code on profile (postal_code) where postal_code is not null;
comment on table profile is 'One row per lasting customer: the golden record.';
comment on column profile.profile_id is 'Lasting id of the customer.';
comment on column profile.given_name is 'Given name.';
comment on column profile.middle_name is 'Middle name or initial.';
comment on column profile.family_name is 'Family name.';
comment on column profile.name_suffix is 'Jr, Sr, III …';
comment on column profile.gender is 'f or m; empty when unknown.';
comment on column profile.email is 'E-mail address, lower case.';
comment on column profile.phone is 'Phone number, E.164 where it can be.';
comment on column profile.date_of_birth is 'Date of birth.';
comment on column profile.address is 'Street and house number.';
comment on column profile.city is 'City.';
comment on column profile.region is 'State, county or region.';
comment on column profile.postal_code is 'Postcode.';
comment on column profile.country is 'Country, as delivered.';
comment on column profile.loyalty_id is 'Number of the loyalty card.';
comment on column profile.national_id is 'National identity number.';
comment on column profile.record_count is 'How many records it is made of.';
comment on column profile.first_record_no is 'The smallest number among its records.';
comment on column profile.provenance is 'For each golden value the record_no that it came from; empty for a profile of one record, whose values are all its own.';
comment on column profile.updated_at is 'The newest updated_at of its records.';
comment on column profile.given_search is 'Given name folded for searching: lower case, without accents.';
comment on column profile.family_search is 'Family name folded for searching: lower case, without accents.';
comment on column profile.version is 'Grows by one each time the row changes, and only then.';
comment on column profile.run_id is 'The run that wrote the row last.';

create table name_part (
  kind text collate "C" not null check (kind in ('given', 'family')),
  name text collate "C" not null,
  primary key (kind, name)
);
create index name_part_trigram on name_part using gin (name gin_trgm_ops);
comment on table name_part is 'One row per different given or family name: where names with typing errors are looked up. Far fewer than profiles, so the trigram index stays small.';
comment on column name_part.kind is 'given or family.';
comment on column name_part.name is 'The name as in given_search or family_search of profile.';

create table profile_alias (
  alias_id uuid primary key,
  profile_id uuid,
  run_id bigint not null
);
create index profile_alias_profile on profile_alias (profile_id);
comment on table profile_alias is 'One row per profile id that was issued and is no longer in use.';
comment on column profile_alias.alias_id is 'The id that was issued.';
comment on column profile_alias.profile_id is 'The profile that it became part of, itself perhaps an alias by now; empty when all its records are gone.';
comment on column profile_alias.run_id is 'The run that retired it.';
