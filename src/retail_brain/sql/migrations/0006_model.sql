-- What matching has to remember: the models that scored, and the values that it left out. With these and the records a
-- workspace can be made again, and the desk can explain, without training anything.

create table model (
  model_id text collate "C" primary key,
  trained_at timestamptz not null,
  fingerprint text collate "C" not null,
  made_by text collate "C" not null,
  model_hash text collate "C" not null,
  document json not null,
  terms bytea not null
);
alter table model alter column terms set storage external; -- it is compressed already
comment on table model is 'One row per matching model that a published run used.';
comment on column model.model_id is 'Name of the model: the day of its training and a running number.';
comment on column model.trained_at is 'When it was trained.';
comment on column model.fingerprint is 'Hash of the settings that it was trained with; a run with other settings trains another.';
comment on column model.made_by is 'Hash of what its numbers mean: the comparisons and their levels, and Splink''s version.';
comment on column model.model_hash is 'SHA-256 over the SHA-256s of the document and of the terms, in hexadecimal.';
comment on column model.document is 'How often each comparison reaches each of its levels, the starting odds, the blocking rules.';
comment on column model.terms is 'How common each value was when it was trained, as a Parquet file.';

create table shared_value (
  field text collate "C" not null,
  value text collate "C" not null,
  kind text collate "C" not null check (kind in ('placeholder', 'shared')),
  records bigint not null,
  people bigint not null,
  primary key (field, value)
);
comment on table shared_value is 'One row per value that the last published run kept out of matching.';
comment on column shared_value.field is 'email, phone, date_of_birth, loyalty_id or national_id.';
comment on column shared_value.value is 'The value, spelt as matching compares it.';
comment on column shared_value.kind is 'placeholder (says nothing of anybody) or shared (many different people have it).';
comment on column shared_value.records is 'On how many records it stands.';
comment on column shared_value.people is 'How many different people they seem to be.';
