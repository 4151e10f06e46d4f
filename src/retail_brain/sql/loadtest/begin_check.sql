-- no row: everything that is read from here on is of one moment
begin transaction isolation level repeatable read, read only
