-- no row: the moment is over
commit
