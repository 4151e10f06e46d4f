-- What happened and when: runs, the lease that lets one of them publish, deliveries and the rows that were refused.

create table run (
  run_id bigint generated always as identity primary key,
  status text not null default 'running'
    check (status in ('running', 'held', 'published', 'failed', 'discarded')),
  started_at timestamptz not null default clock_timestamp(),
  ended_at timestamptz,
  generation bigint unique,
  model_id text,
  lease_token bigint not null,
  holder text not null,
  reason text,
  counts jsonb not null default '{}',
  seconds jsonb not null default '{}',
  written jsonb not null default '{}'
);
comment on table run is 'One row per execution of the pipeline.';
comment on column run.run_id is 'Number of the run, growing.';
comment on column run.status is 'running, held (waits for a person), published, failed or discarded.';
comment on column run.started_at is 'When the run began.';
comment on column run.ended_at is 'When the run was published, held, discarded or failed.';
comment on column run.generation is 'How many runs had been published with this one; empty until then.';
comment on column run.model_id is 'The matching model that scored the pairs.';
comment on column run.lease_token is 'The fencing token under which the run works.';
comment on column run.holder is 'Host and process that run it.';
comment on column run.reason is 'Why it failed, was held, approved or discarded; never a customer''s data.';
comment on column run.counts is 'Records, pairs, merges, profiles … as counted by the stages.';
comment on column run.seconds is 'Seconds of each stage.';
comment on column run.written is 'Rows written into each table by publishing.';

create table lease (
  name text primary key,
  token bigint not null,
  run_id bigint,
  holder text,
  acquired_at timestamptz,
  renewed_at timestamptz,
  expires_at timestamptz
);
insert into lease (name, token) values ('run', 0);
comment on table lease is 'One row per kind of work that only one process may do at a time.';
comment on column lease.name is 'The kind of work: run.';
comment on column lease.token is 'Fencing token: grows with every holder, and only the newest may publish.';
comment on column lease.run_id is 'The run that holds it, once it has begun.';
comment on column lease.holder is 'Host and process that hold it; empty when it is free.';
comment on column lease.acquired_at is 'When the holder took it.';
comment on column lease.renewed_at is 'When the holder last said that it is alive.';
comment on column lease.expires_at is 'From when on another process may take it over.';

create table delivery (
  delivery_no integer generated always as identity primary key,
  delivery_id text collate "C" not null,
  source text collate "C" not null,
  file_name text not null,
  bytes bigint not null,
  rows bigint not null,
  accepted bigint not null,
  quarantined bigint not null,
  duplicates bigint not null,
  run_id bigint not null,
  unique (source, delivery_id),
  check (rows = accepted + quarantined + duplicates)
);
comment on table delivery is 'One row per file that a source delivered.';
comment on column delivery.delivery_no is 'Short number by which records point at their delivery.';
comment on column delivery.delivery_id is 'SHA-256 of the bytes of the file, in hexadecimal.';
comment on column delivery.source is 'The system that delivered it.';
comment on column delivery.file_name is 'Name of the file, without its folder.';
comment on column delivery.bytes is 'Size of the file in bytes.';
comment on column delivery.rows is 'Rows in the file: accepted + quarantined + duplicates.';
comment on column delivery.accepted is 'Rows that became records.';
comment on column delivery.quarantined is 'Rows that were put aside with a reason.';
comment on column delivery.duplicates is 'Rows that repeat another row.';
comment on column delivery.run_id is 'The run that published it.';

create table quarantined_row (
  quarantined_no bigint generated always as identity primary key,
  delivery_no integer not null,
  line bigint,
  reason text not null,
  raw text,
  run_id bigint not null
);
create index quarantined_row_delivery on quarantined_row (delivery_no, line);
comment on table quarantined_row is 'One row per delivered row that was put aside.';
comment on column quarantined_row.quarantined_no is 'Number of the quarantined row.';
comment on column quarantined_row.delivery_no is 'The delivery it came with.';
comment on column quarantined_row.line is 'Line of the file, from 1; empty where the format has no lines.';
comment on column quarantined_row.reason is 'Why it was put aside.';
comment on column quarantined_row.raw is 'The delivered text, cut at 10,000 characters; NUL is shown as U+2400.';
comment on column quarantined_row.run_id is 'The run that published it.';
