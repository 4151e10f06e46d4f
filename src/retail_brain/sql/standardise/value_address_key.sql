-- What tells how an address is taken apart: NULL where it is a street alone, else the address and its places.
-- Only a comma, a last letter that is a digit, or a third-last one (LE11 1UU) can mean more than a street.
create or replace temp macro value_address_key(address, city, region, postal_code, country) as
    case
        when contains(address, ',')
            or (
                (right(address, 1) between '0' and '9' or left(right(address, 3), 1) between '0' and '9')
                and regexp_matches(
                    address,
                    '(?i)(\b[a-z]{2,3}\.? [0-9]{4,5}(-?[0-9]{4})?|\b[a-z]{1,2}[0-9][a-z0-9]? ?[0-9][a-z]{2}|\b[a-z][0-9][a-z] ?[0-9][a-z][0-9])$'
                )
            )
            then concat(address, chr(31), city, chr(31), region, chr(31), postal_code, chr(31), country)
    end
