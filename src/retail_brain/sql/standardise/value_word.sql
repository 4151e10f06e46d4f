-- One clean text, or NULL where it only says that there is nothing.
create or replace temp macro value_word(raw) as
    case
        when strlen(value_text(raw)) > 14 then value_text(raw)
        when lower(value_text(raw)) in (
            'n/a', '#n/a', 'n.a.', 'nan', 'null', 'none', 'nil', 'unknown', 'undefined', 'not available', 'not known', '(null)', '<null>'
        ) then null
        when not regexp_matches(raw, '[\p{L}\p{M}\p{N}]') then null
        else value_text(raw)
    end
