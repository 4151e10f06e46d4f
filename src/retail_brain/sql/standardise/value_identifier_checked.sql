-- One tidied number, or NULL where it says that there is none.
create or replace temp macro value_identifier_checked(tidy) as
    case
        when tidy in ('N/A', '#N/A', 'NA', 'NAN', 'NULL', 'NONE', 'NIL', 'UNKNOWN', 'UNK', 'TEST') then null
        when regexp_matches(tidy, '[1-9\p{L}]') then tidy
    end
