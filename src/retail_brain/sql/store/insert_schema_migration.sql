-- nothing: remembers one applied migration
insert into schema_migration (number, name, checksum) values (%s, %s, %s)
