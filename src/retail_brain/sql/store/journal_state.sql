-- one row, or none where no journal is kept: how far the journal reaches
select timeline, began_at, entries, digest, part, bytes, reached_at
from journal_state
