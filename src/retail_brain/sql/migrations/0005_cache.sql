-- What Redis has still to be told. Written in the transaction that changes the profiles.

create table cache_state (
  only_row boolean primary key default true check (only_row),
  generation bigint not null
);
-- Starts at the time of day in milliseconds: a Redis that still holds the keys of an earlier database is then never believed.
insert into cache_state (generation) values ((extract(epoch from clock_timestamp()) * 1000)::bigint);
comment on table cache_state is 'One row: the set of keys that Redis has to hold.';
comment on column cache_state.only_row is 'Always true: there is one row.';
comment on column cache_state.generation is 'Grows when all keys have to be written anew; Redis is trusted when its pointer says the same.';

create table cache_outbox (
  profile_id uuid primary key,
  seq bigint generated always as identity,
  queued_at timestamptz not null default now()
);
comment on table cache_outbox is 'One row per profile that changed and that Redis does not know yet.';
comment on column cache_outbox.profile_id is 'The profile; one that is gone has its key removed.';
comment on column cache_outbox.seq is 'Grows with every change, so that clearing an older state leaves a newer one pending.';
comment on column cache_outbox.queued_at is 'When the change was published.';
