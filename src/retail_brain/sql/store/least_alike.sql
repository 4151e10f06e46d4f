-- one row: in this transaction names are similar that share so many of their trigrams
select set_config('pg_trgm.similarity_threshold', %(least)s, true)
