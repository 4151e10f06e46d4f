-- One row per record: record_no and its keys, NULL where empty, placeholder or shared.
-- A word begins with a digit or a letter, so those below 'a' but not empty are the ones that begin with a digit.
with address_word as (
    select
        key_source.*,
        list_transform(string_split(trim(regexp_replace(lower(strip_accents(coalesce(ta.latin, key_source.address))), '[^a-z0-9]+', ' ', 'g')), ' '), lambda word: street_word(word)) as words
    from key_source
    left join transliteration ta on ta.value = key_source.address
),
folded as (
    select
        r.record_no,
        fold_letters(coalesce(tg.latin, r.given_name)) as given_key,
        fold_letters(coalesce(tm.latin, r.middle_name)) as middle_key,
        fold_letters(coalesce(tf.latin, r.family_name)) as family_key,
        fold_letters(r.name_suffix) as suffix_key,
        r.gender as gender_key,
        r.email as email_key,
        phone_value(r.phone) as phone_key,
        r.date_of_birth as birth_date,
        nullif(array_to_string(list_sort(list_distinct(list_filter(r.words, lambda word: word not in ('apt', 'pobox', 'no', 'the')))), ' '), '') as address_key,
        list_filter(r.words, lambda word: word >= '0' and word < 'a')[1] as house_key,
        nullif(array_to_string(list_filter(r.words, lambda word: word >= 'a' and word not in ('apt', 'pobox', 'no', 'the')), ''), '') as street_key,
        fold_letters(coalesce(tc.latin, r.city)) as city_key,
        case when regexp_matches(fold_code(r.postal_code), '^[0-9]{9}$') then fold_code(r.postal_code)[1:5] else fold_code(r.postal_code) end as postal_key,
        fold_code(r.loyalty_id) as loyalty_key,
        fold_code(r.national_id) as national_key
    from address_word r
    left join transliteration tg on tg.value = r.given_name
    left join transliteration tm on tm.value = r.middle_name
    left join transliteration tf on tf.value = r.family_name
    left join transliteration tc on tc.value = r.city
),
kept as (
    select f.* replace (
        case when se.value is null then f.email_key end as email_key,
        case when sp.value is null then f.phone_key end as phone_key,
        case when sd.value is null then f.birth_date end as birth_date,
        case when sl.value is null then f.loyalty_key end as loyalty_key,
        case when sn.value is null then f.national_key end as national_key)
    from folded f
    left join shared_value se on se.field = 'email' and se.value = f.email_key
    left join shared_value sp on sp.field = 'phone' and sp.value = f.phone_key
    left join shared_value sd on sd.field = 'date_of_birth' and sd.value = f.birth_date::varchar
    left join shared_value sl on sl.field = 'loyalty_id' and sl.value = f.loyalty_key
    left join shared_value sn on sn.field = 'national_id' and sn.value = f.national_key
)
select
    kept.*,
    name_form.forms as given_forms,
    coalesce(name_form.root, kept.given_key) as given_root,
    kept.given_key[1:1] as given_initial,
    kept.family_key[1:1] as family_initial,
    skeleton(kept.family_key) as family_code,
    case when given_key < family_key then given_key || ' ' || family_key else family_key || ' ' || given_key end as name_pair,
    case when not name_made(split_part(kept.email_key, '@', 1), kept.given_key, kept.family_key) then nullif(split_part(kept.email_key, '@', 1), '') end as email_local,
    right(kept.phone_key, 7) as phone_tail,
    strftime(kept.birth_date, '%Y') as birth_year,
    strftime(kept.birth_date, '%Y%m%d') as birth_text
from kept
left join name_form on name_form.name = kept.given_key
