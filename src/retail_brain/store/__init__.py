"""PostgreSQL, the truth: connection, migrations, publishing, runs and their lease, look-ups. The only room that imports psycopg."""
