-- one row: the number of the arrival
insert into arrival (record_no, row_hash, linked)
values (%(record_no)s, %(row_hash)s, %(linked)s)
returning arrival_no
