-- Records that come between two nights: which of them no night has taken in yet, and which wait for a night to end.

create table arrival (
  arrival_no bigint generated always as identity primary key,
  record_no bigint not null,
  row_hash text collate "C" not null,
  linked bigint[] not null default '{}',
  arrived_at timestamptz not null default clock_timestamp()
);
create index arrival_record on arrival (record_no);
comment on table arrival is 'One row per record that came, or changed, between two nights; the next night that is published takes it in and removes it.';
comment on column arrival.arrival_no is 'Number of the arrival, growing.';
comment on column arrival.record_no is 'The record.';
comment on column arrival.row_hash is 'Hash of its values as it came.';
comment on column arrival.linked is 'The records that it was linked to when it came: these links have been decided on.';
comment on column arrival.arrived_at is 'When it came.';

create table waiting_record (
  source text collate "C" not null,
  record_id text collate "C" not null,
  raw text not null,
  waiting_since timestamptz not null default clock_timestamp(),
  primary key (source, record_id)
);
comment on table waiting_record is 'One row per record that came while a night was at work; it gets its place when that night has ended.';
comment on column waiting_record.source is 'The system that delivered it.';
comment on column waiting_record.record_id is 'The source''s own key.';
comment on column waiting_record.raw is 'The record as it came, as JSON.';
comment on column waiting_record.waiting_since is 'When it came.';
