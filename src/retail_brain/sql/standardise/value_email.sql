-- One e-mail address out of what was delivered: the address alone, in lower case, or NULL where there is none.
-- "Jay Jones" <JJones@fmail.com>, mailto: and trailing dots are understood; a mistyped address is kept as one.
create or replace temp macro value_email(raw) as
    case
        when raw is null then null
        when strlen(raw) <= 254
            and regexp_full_match(raw, '[A-Za-z0-9_%+][A-Za-z0-9._%+-]*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+') then lower(raw)
        else value_email_checked(value_email_found(value_text(raw)))
    end
