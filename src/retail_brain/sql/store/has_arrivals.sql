-- one row: whether a record came that no night has taken in yet
select exists (select from arrival)
