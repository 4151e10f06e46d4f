-- One row per person: the number. A table, because a range is counted by one thread and a table is read by all.
create or replace temp table synth_number as
select person_no from range(persons()) as t(person_no)
