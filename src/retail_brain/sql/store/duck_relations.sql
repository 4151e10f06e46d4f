-- one row per table or view of DuckDB's own database: its name
select table_name
from duckdb_tables()
where database_name = current_database()
union all
select view_name
from duckdb_views()
where database_name = current_database()
  and not internal
