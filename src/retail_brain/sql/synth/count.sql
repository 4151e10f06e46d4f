-- One row: the records of all nights and the people behind them.
select count(*), count(distinct person_no) from synth_presence
