-- One row per made-up person: who lives with whom, names, birth, mail, and what changed in their life.
create or replace temp table synth_person as
with mailed as (
    select
        spelled.*,
        spelled.mail_base || coalesce(mailbox.number::varchar, '') as mailbox,
        draw(person_no, 'domain') as domain_draw,
        draw(person_no, 'old domain') as old_domain_draw,
        plain_given || '.' || lower(to_base(person_no * 7 + 1296, 36)) as old_mailbox,
        draw(person_no, 'married') < married_names() as has_married,
        draw(person_no, 'new mail') < new_emails() as has_new_email
    from synth_spelled as spelled left join synth_mailbox as mailbox using (person_no)
)
select
    person_no,
    household_no,
    given_name,
    nicknames[1 + floor(draw(person_no, 'which nickname') * len(nicknames))::integer] as nickname,
    middle_name,
    if(not is_male and has_married and draw(person_no, 'hyphen') < 0.12, maiden_name || '-' || family_name, family_name) as family_name,
    if(not is_male and member < 2 and birth_year < 2003 and has_married, maiden_name, null) as maiden_name,
    case when is_junior then 'Jr' end as name_suffix,
    if(is_male, 'M', 'F') as gender,
    date_of_birth,
    mailbox || '@' || mail_domain(domain_draw) as email,
    if(has_new_email, old_mailbox || '@' || mail_domain(old_domain_draw), null) as old_email,
    if(nights() > 1, old_mailbox || '_2@' || mail_domain(domain_draw), null) as later_email,
    if(not is_male and member < 2 and birth_year < 2003 and has_married, moment(draw(person_no, 'married at')), null) as married_at,
    case when draw(household_no, 'moved') < moves() then moment(draw(household_no, 'moved at')) end as moved_at,
    case when draw(person_no, 'new phone') < new_phones() then moment(draw(person_no, 'new phone at')) end as new_phone_at,
    if(has_new_email, moment(draw(person_no, 'new mail at')), null) as new_email_at,
    if(
        draw(person_no, 'recycled') < recycled_phones(),
        (person_no * 31 + 17) % persons() * 3 + 1,
        person_no * 3
    ) as phone_no,
    draw(household_no, 'home phone') < household_phones() as shares_phone,
    member = 1 and draw(household_no, 'home mail') < household_emails() as shares_email
from mailed
