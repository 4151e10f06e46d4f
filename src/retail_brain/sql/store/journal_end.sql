-- one row without meaning: no journal is kept any more
select journal_end()
