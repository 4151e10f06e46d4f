-- One row per delivered record: its address taken apart, its postcode tidy, its phone plain or with a key that names
-- the country it is read for.
create or replace temp view value_placed as
with placed as (
    select
        keyed.* exclude (address, city, region, postal_code, country, phone_plain),
        case when split.odd is null then keyed.address else split.street end as address,
        case when split.odd is null then keyed.city else split.city end as city,
        case when split.odd is null then keyed.region else split.region end as region,
        value_postal(case when split.odd is null then keyed.postal_code else split.postal_code end) as postal_code,
        case when split.odd is null then keyed.country else split.country end as country,
        place.region as country_region,
        coalesce(place.region, setting.phone_region) as phone_region,
        case when starts_with(phone, '+1') or coalesce(place.region, setting.phone_region) in ('US', 'CA', 'PR') then phone_plain end as phone_plain
    from value_keyed as keyed
    left join value_setting as setting on setting.source = keyed.source
    left join value_address as split on split.odd = keyed.address_key
    left join value_country as place on place.odd = case when split.odd is null then keyed.country else split.country end
)

select
    *,
    case when phone_plain is null then phone || chr(31) || phone_region end as phone_key
from placed
