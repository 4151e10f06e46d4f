-- The part of a clean text that is meant as an e-mail address, '' where there is none.
create or replace temp macro value_email_found(text) as
    trim(
        regexp_extract(
            regexp_replace(
                coalesce(nullif(regexp_extract(text, '<([^<>]*@[^<>]*)>', 1), ''), lower(text)), '\s*@\s*', '@', 'g'
            ),
            '([^\s<>",;:()\[\]?]*@[^\s<>",;:()\[\]?]*)',
            1
        ),
        '.'''
    )
