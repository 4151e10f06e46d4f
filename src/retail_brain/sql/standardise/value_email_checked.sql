-- One found e-mail address in lower case, or NULL where nothing stands on one side of the @ or it is too long.
create or replace temp macro value_email_checked(found) as
    case
        when strlen(found) <= 254 and regexp_full_match(found, '[^@].*@.*[\p{L}\p{N}].*') then nfc_normalize(lower(found))
    end
