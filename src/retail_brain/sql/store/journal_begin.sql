-- one row without meaning: a journal begins
select journal_begin()
