-- One row per delivered record: clean texts, the address taken apart, and the country whose phone numbers it has.
create or replace temp view value_placed as
select
    clean.* exclude (address, city, region, postal_code, country),
    case when split.odd is null then clean.address else split.street end as address,
    case when split.odd is null then clean.city else split.city end as city,
    case when split.odd is null then clean.region else split.region end as region,
    value_postal(case when split.odd is null then clean.postal_code else split.postal_code end) as postal_code,
    case when split.odd is null then clean.country else split.country end as country,
    place.region as country_region,
    coalesce(place.region, setting.phone_region) as phone_region
from value_clean as clean
left join value_setting as setting on setting.source = clean.source
left join value_address as split
    on split.odd = value_address_key(clean.address, clean.city, clean.region, clean.postal_code, clean.country)
left join value_country as place
    on place.odd = case when split.odd is null then clean.country else split.country end
