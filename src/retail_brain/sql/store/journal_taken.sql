-- one row without meaning: what this snapshot saw is in the journal
select journal_taken(%(entries)s, %(digest)s, %(part)s, %(bytes)s, %(moment)s)
