-- one row: how many pages the tables of records and of profiles have
select
  pg_relation_size('source_record') / current_setting('block_size')::integer as record_pages,
  pg_relation_size('profile') / current_setting('block_size')::integer as profile_pages
