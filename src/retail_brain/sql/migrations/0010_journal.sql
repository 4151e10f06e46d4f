-- What the journal of the backups has still to be told. While a journal is kept, triggers note the key of every row that a
-- transaction writes or removes, in that transaction. Whoever writes the journal takes what the notes name, as it stands in one
-- snapshot, and removes the notes that this snapshot saw. So a transaction that commits late is never passed over, and each
-- entry leads from one state that really was to another. Without a journal there are no triggers.

create table journal_state (
  only_row boolean primary key default true check (only_row),
  timeline uuid not null,
  began_at timestamptz not null default clock_timestamp(),
  entries bigint not null default 0,
  digest text collate "C",
  part text collate "C",
  bytes bigint not null default 0,
  reached_at timestamptz not null default clock_timestamp()
);
comment on table journal_state is 'One row while a journal is kept beside the backups, none otherwise: how far it reaches.';
comment on column journal_state.only_row is 'Always true: there is one row at most.';
comment on column journal_state.timeline is 'Name of the journal. A restored database begins another one, since its transactions count anew.';
comment on column journal_state.began_at is 'When it began; a backup made later can be brought forward with it.';
comment on column journal_state.entries is 'Entries that reached the target.';
comment on column journal_state.digest is 'Digest of the last of them, which stands on all before.';
comment on column journal_state.part is 'The file that gets the next entry.';
comment on column journal_state.bytes is 'How much of that file is entries.';
comment on column journal_state.reached_at is 'Everything committed before this moment is in the journal.';

create table journal_touched (
  table_name text collate "C" not null,
  row_key jsonb not null,
  touched_at timestamptz not null default clock_timestamp()
);
comment on table journal_touched is 'One row per row that was written or removed and that the journal does not hold yet.';
comment on column journal_touched.table_name is 'Its table.';
comment on column journal_touched.row_key is 'Its primary key: an array of the values of the key''s columns.';
comment on column journal_touched.touched_at is 'When it was written or removed.';

create function journal_note() returns trigger
language plpgsql security definer
set search_path = public, pg_temp
as $$
begin
  execute format(
    'insert into public.journal_touched (table_name, row_key) select %L, jsonb_build_array(%s) from touched',
    tg_table_name, tg_argv[0]
  );
  return null;
end
$$;

-- The functions below work with their owner's rights, so that a login needs none on tables that it has no business with. The
-- job and support write the journal; the job alone begins and ends one.
create function journal_allow(relation text, wanted text) returns void
language plpgsql
set search_path = public, pg_temp
as $$
begin
  if not has_table_privilege(session_user, format('public.%I', relation), wanted) then
    raise exception 'permission denied for table %', relation using errcode = 'insufficient_privilege';
  end if;
end
$$;

-- One row per table that the journal follows: its name, the columns of its key, and where a row t of it is the one that a row k of
-- journal_touched names. Those left out say who works and what Redis knows; a restore sets them anew.
create function journal_key() returns table (table_name text, columns text, condition text)
language sql stable
set search_path = public, pg_temp
as $$
  select
    c.relname::text,
    string_agg(quote_ident(a.attname), ', ' order by k.place),
    string_agg(
      format('t.%I = (k.row_key ->> %s)::%s', a.attname, k.place - 1, format_type(a.atttypid, a.atttypmod)),
      ' and ' order by k.place
    )
  from pg_class as c
  join pg_index as i on i.indrelid = c.oid and i.indisprimary
  cross join lateral unnest(i.indkey::smallint[]) with ordinality as k (attnum, place)
  join pg_attribute as a on a.attrelid = c.oid and a.attnum = k.attnum
  where c.relnamespace = 'public'::regnamespace
    and c.relkind = 'r'
    and c.relname not in ('schema_migration', 'lease', 'cache_state', 'cache_outbox', 'journal_state')
  group by c.relname
$$;

create function journal_watch() returns void
language plpgsql security definer
set search_path = public, pg_temp
as $$
declare
  followed record;
begin
  perform journal_allow('lease', 'update');
  for followed in
    select j.table_name, j.columns
    from journal_key() as j
    where not exists (
      select from pg_trigger where tgrelid = format('public.%I', j.table_name)::regclass and tgname = 'journal_insert'
    )
  loop
    execute format(
      'create trigger journal_insert after insert on %I referencing new table as touched for each statement execute function journal_note(%L)',
      followed.table_name, followed.columns
    );
    execute format(
      'create trigger journal_update after update on %I referencing new table as touched for each statement execute function journal_note(%L)',
      followed.table_name, followed.columns
    );
    execute format(
      'create trigger journal_delete after delete on %I referencing old table as touched for each statement execute function journal_note(%L)',
      followed.table_name, followed.columns
    );
  end loop;
end
$$;

create function journal_begin() returns void
language plpgsql security definer
set search_path = public, pg_temp
as $$
begin
  perform journal_watch();
  delete from journal_touched;
  delete from journal_state;
  insert into journal_state (timeline) values (gen_random_uuid());
end
$$;

create function journal_end() returns void
language plpgsql security definer
set search_path = public, pg_temp
as $$
declare
  watched record;
begin
  perform journal_allow('lease', 'update');
  for watched in
    select c.relname, t.tgname
    from pg_trigger as t
    join pg_class as c on c.oid = t.tgrelid
    where c.relnamespace = 'public'::regnamespace and t.tgname in ('journal_insert', 'journal_update', 'journal_delete')
  loop
    execute format('drop trigger %I on %I', watched.tgname, watched.relname);
  end loop;
  delete from journal_touched;
  delete from journal_state;
end
$$;

-- A few rows of tables that may be large: each is looked up by its key, whatever the planner thinks of their number.
create function journal_take() returns table (table_name text, row_key text, content text)
language plpgsql security definer
set search_path = public, pg_temp
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  followed record;
begin
  perform journal_allow('journal_touched', 'select');
  for followed in
    select j.table_name, j.condition
    from journal_key() as j
    where j.table_name in (select distinct n.table_name from journal_touched as n)
  loop
    return query execute format(
      'select %L, k.row_key::text, row_to_json(t)::text from (select distinct row_key from journal_touched where table_name = %L) as k left join %I as t on %s',
      followed.table_name, followed.table_name, followed.table_name, followed.condition
    );
  end loop;
end
$$;

create function journal_taken(entries bigint, digest text, part text, bytes bigint, reached_at timestamptz) returns void
language plpgsql security definer
set search_path = public, pg_temp
as $$
begin
  perform journal_allow('journal_touched', 'select');
  delete from journal_touched;
  update journal_state as s
  set
    entries = journal_taken.entries,
    digest = journal_taken.digest,
    part = journal_taken.part,
    bytes = journal_taken.bytes,
    reached_at = journal_taken.reached_at;
end
$$;
