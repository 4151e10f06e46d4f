-- Whether the parts of a name can stay as they are: words of letters, no title, suffix or single letter among them.
create or replace temp macro value_name_plain(given_name, middle_name, family_name) as
    regexp_full_match(given_name, '[\p{L}''’-]+|[\p{L}''’-]{2,}( [\p{L}''’-]{2,})+')
    and regexp_full_match(family_name, '[\p{L}''’-]+|[\p{L}''’-]{2,}( [\p{L}''’-]{2,})+')
    and (middle_name is null or regexp_full_match(middle_name, '[\p{L}''’-]+( [\p{L}''’-]+)*'))
    and not regexp_matches(concat_ws(' ', given_name, middle_name, family_name), getvariable('value_name_words'))
