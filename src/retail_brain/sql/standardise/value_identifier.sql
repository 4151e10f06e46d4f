-- One loyalty or national number in upper case without blanks and dashes, or NULL where it is empty or all zeros.
create or replace temp macro value_identifier(raw) as
    case
        when raw is null then null
        when regexp_full_match(raw, '[1-9][0-9]{2,30}') then raw
        else value_identifier_checked(
            nfc_normalize(upper(regexp_replace(regexp_replace(value_text(raw), '[\s\p{Pd}]+', '', 'g'), '^([0-9]+)\.0+$', '\1')))
        )
    end
