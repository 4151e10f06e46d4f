-- One row per person who also uses the mailbox of the first of the household.
create or replace temp table synth_home_mail as
select person.person_no as mail_of, head.email as home_email
from synth_person as head
join (select person_no, household_no from synth_person where shares_email) as person on head.person_no = person.household_no
