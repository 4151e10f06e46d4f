-- one row: how many touched rows the journal does not hold yet, and since when the oldest of them waits
select count(*), min(touched_at)
from journal_touched
