-- one row for a journal that is kept: tables that are new are followed too
select journal_watch()
from journal_state
