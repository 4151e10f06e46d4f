-- one row per touched row: its table, its key, and the row as JSON, or nothing where it is gone
select table_name, row_key, content
from journal_take()
