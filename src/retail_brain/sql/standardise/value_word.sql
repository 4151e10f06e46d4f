-- One clean text, or NULL where it only says that there is nothing.
create or replace temp macro value_word(clean) as
    case
        when strlen(clean) > 14 then clean
        when regexp_matches(
            clean, '(?i)^(#?n/a|n\.a\.|nan|[(<]?null[)>]?|none|nil|unknown|undefined|not available|not known|[^\p{L}\p{M}\p{N}]+)$'
        ) then null
        else clean
    end
