-- A log that tells if it was touched: each transaction that writes into the log or the decisions seals its rows in a chain of
-- hashes, and nobody changes or removes a row, the owner of the tables included.

create table log_seal (
  seal_no bigint primary key,
  sealed_at timestamptz not null,
  run_id bigint,
  first_merge_id bigint not null,
  last_merge_id bigint not null,
  first_decision_id bigint not null,
  last_decision_id bigint not null,
  rows bigint not null check (rows > 0),
  rows_digest text collate "C" not null,
  previous_digest text collate "C",
  digest text collate "C" not null unique,
  constraint log_seal_previous unique nulls not distinct (previous_digest)
);
comment on table log_seal is 'One row per transaction that wrote into identity_merge_log or identity_decision: a link of the chain. Append-only.';
comment on column log_seal.seal_no is 'Number of the seal, from 1, without gaps.';
comment on column log_seal.sealed_at is 'When it was sealed.';
comment on column log_seal.run_id is 'The run that wrote the rows; empty when a person did.';
comment on column log_seal.first_merge_id is 'From which number of the merge log on it covers; one more than last_merge_id where it covers none.';
comment on column log_seal.last_merge_id is 'Up to which number of the merge log it covers.';
comment on column log_seal.first_decision_id is 'From which decision on it covers; one more than last_decision_id where it covers none.';
comment on column log_seal.last_decision_id is 'Up to which decision it covers.';
comment on column log_seal.rows is 'How many rows of both tables it covers.';
comment on column log_seal.rows_digest is 'SHA-256 of those rows as COPY writes them, merges first, in the order of their numbers.';
comment on column log_seal.previous_digest is 'Digest of the seal before; empty in the first.';
comment on column log_seal.digest is 'SHA-256 of the other columns, so of everything that was ever sealed up to here.';

alter table run add column seal text collate "C";
comment on column run.seal is 'Digest of the newest seal when the run was published. Whoever keeps a copy elsewhere can tell later that nothing before it was touched.';

create function refuse_change() returns trigger
language plpgsql
as $$
declare
  holds_rows boolean := true;
begin
  if tg_op = 'TRUNCATE' then
    -- a first load truncates the empty table that it fills
    execute format('select exists (select from %I.%I)', tg_table_schema, tg_table_name) into holds_rows;
  end if;
  if holds_rows then
    raise exception '% is append-only: % is refused', tg_table_name, lower(tg_op)
      using errcode = 'RB001', hint = 'Undo by adding: a row that inverts a merge, a decision that withdraws one.';
  end if;
  return null;
end
$$;

create trigger append_only before update or delete or truncate on identity_merge_log
for each statement execute function refuse_change();
create trigger append_only before update or delete or truncate on identity_decision
for each statement execute function refuse_change();
create trigger append_only before update or delete or truncate on log_seal
for each statement execute function refuse_change();
-- also where a session asks for replica's rights, under which ordinary triggers sleep
alter table identity_merge_log enable always trigger append_only;
alter table identity_decision enable always trigger append_only;
alter table log_seal enable always trigger append_only;
