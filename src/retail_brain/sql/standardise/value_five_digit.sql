-- One row per source whose postcodes are of five digits: there a code of three or four has lost its leading zeros.
create or replace temp table value_five_digit as
select source
from value_placed
group by source
having count(*) filter (where regexp_full_match(postal_code, '[0-9]{5}')) >= 0.8 * count(postal_code)
    and count(postal_code) > 0
