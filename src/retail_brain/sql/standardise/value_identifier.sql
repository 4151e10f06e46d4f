-- One loyalty or national number in upper case without blanks and dashes, or NULL where it is empty or all zeros.
create or replace temp macro value_identifier(clean) as
    case
        when clean is null then null
        when regexp_full_match(clean, '[1-9][0-9]{2,30}') then clean
        else value_identifier_checked(
            upper(regexp_replace(regexp_replace(clean, '[\s\p{Pd}]+', '', 'g'), '^([0-9]+)\.0+$', '\1'))
        )
    end
