-- one row: whether this transaction's rows are noted for a journal; the triggers are there exactly while one is kept
select exists (
  select
  from pg_trigger
  where tgrelid = 'source_record'::regclass
    and tgname = 'journal_insert'
) as is_noted
