-- One row per name of the lists: its culture, kind and place there, how it stands in a mailbox, and its nicknames.
create or replace temp table synth_name as
select
    spelling.*,
    lower(regexp_replace(strip_accents(spelling.name), '[^A-Za-z]', '', 'g')) as plain,
    nickname.names as nicknames
from synth_spelling as spelling left join synth_nickname as nickname on nickname.given_name = spelling.name
