-- What tells how a name is split: NULL where its parts can stay as they are, else all that was delivered of it.
create or replace temp macro value_name_key(full_name, native_name, given_name, middle_name, family_name, name_suffix) as
    case
        when given_name is not null
            and family_name is not null
            and name_suffix is null
            and regexp_full_match(given_name, '[\p{L}''’-]+|[\p{L}''’-]{2,}( [\p{L}''’-]{2,})+')
            and regexp_full_match(family_name, '[\p{L}''’-]+|[\p{L}''’-]{2,}( [\p{L}''’-]{2,})+')
            and (middle_name is null or regexp_full_match(middle_name, '[\p{L}''’-]+( [\p{L}''’-]+)*'))
            and not regexp_matches(concat_ws(' ', given_name, middle_name, family_name), getvariable('value_name_words'))
            then null
        when coalesce(full_name, native_name, given_name, middle_name, family_name, name_suffix) is null then null
        when given_name is null
            and middle_name is null
            and family_name is null
            and name_suffix is null
            and regexp_full_match(full_name, '[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ''’-]+,? ([A-Za-zÀ-ɏ] )?[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ''’-]+')
            and not regexp_matches(full_name, ',.* .* ')
            and not regexp_matches(full_name, getvariable('value_name_words'))
            then null
        else concat(given_name, chr(31), middle_name, chr(31), family_name, chr(31), name_suffix, chr(31), full_name, chr(31), native_name)
    end
