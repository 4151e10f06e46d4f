-- One phone number of North America in any of its plain spellings as E.164, NULL where the spelling is another.
create or replace temp macro value_phone_plain(phone) as
    case
        when regexp_full_match(phone, '\+1[2-9][0-9]{9}') then phone
        when regexp_full_match(phone, '(\+?1[ .-]?)?(\([2-9][0-9]{2}\)[ -]?|[2-9][0-9]{2}[ .-]?)[0-9]{3}[ .-]?[0-9]{4}')
            and replace(phone, phone[1], '') <> ''
            then '+1' || right(replace(replace(replace(replace(replace(replace(phone, ' ', ''), '(', ''), ')', ''), '-', ''), '.', ''), '+', ''), 10)
    end
