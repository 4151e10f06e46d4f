-- One row per person whose mailbox was taken already: how many had it before, and one.
create or replace temp table synth_mailbox as
select person_no, number
from (
    select person_no, row_number() over (partition by mail_key order by person_no) as number
    from (select person_no, hash(mail_base) as mail_key from synth_spelled)
)
where number > 1
