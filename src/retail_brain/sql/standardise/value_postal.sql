-- One postcode as people write it: five digits of a ZIP+4, one blank inside a British or Canadian code, no country
-- letters in front, no ".0" of a spreadsheet, letters that a scanner read for digits put right.
create or replace temp macro value_postal(clean) as
    case
        when regexp_full_match(clean, '[0-9]{4,5}') then clean
        when regexp_full_match(clean, '[0-9]{5}[- ]?[0-9]{4}') then left(clean, 5)
        when regexp_full_match(clean, '[0-9]{3,6}\.0+') then regexp_extract(clean, '^[0-9]+')
        when regexp_full_match(clean, '[0-9oOiIlL|]{5}') and regexp_matches(clean, '[0-9].*[0-9]') then translate(clean, 'oOiIlL|', '0011111')
        when regexp_full_match(clean, '[A-Za-z]{1,3}-[0-9]{3,6}') then regexp_extract(clean, '[0-9]+$')
        when regexp_full_match(clean, '[A-Za-z]{1,2}[0-9][A-Za-z0-9]?[ -]?[0-9][A-Za-z]{2}')
            then upper(regexp_replace(clean, '^(.*?)[ -]?(...)$', '\1 \2'))
        when regexp_full_match(clean, '[A-Za-z][0-9][A-Za-z][ -]?[0-9][A-Za-z][0-9]')
            then upper(regexp_replace(clean, '^(...)[ -]?(...)$', '\1 \2'))
        else upper(clean)
    end
