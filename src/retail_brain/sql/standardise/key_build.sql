-- One row per record: record_no and its keys, NULL where empty, placeholder or shared.
-- A word begins with a digit or a letter, so those below 'a' but not empty are the ones that begin with a digit.
with address_word as (
    select
        key_source.*,
        list_transform(string_split(fold_words(coalesce(ta.latin, key_source.address)), ' '), lambda word: street_word(word)) as words
    from key_source
    left join transliteration ta on ta.value = key_source.address
),
sorted_word as (
    select *, list_sort(words) as sorted_words from address_word
),
folded as (
    select
        r.record_no,
        given.key as given_key,
        given.forms as given_forms,
        given.root as given_root,
        middle.key as middle_key,
        family.key as family_key,
        family.code as family_code,
        fold_letters(r.name_suffix) as suffix_key,
        r.gender as gender_key,
        r.email as email_key,
        phone_value(r.phone) as phone_key,
        r.date_of_birth as birth_date,
        nullif(array_to_string(list_filter(r.sorted_words, lambda word, place: word not in ('apt', 'pobox', 'no', 'the') and (place = 1 or word <> r.sorted_words[place - 1])), ' '), '') as address_key,
        list_filter(r.words, lambda word: word >= '0' and word < 'a')[1] as house_key,
        nullif(array_to_string(list_filter(r.words, lambda word: word >= 'a' and word not in ('apt', 'pobox', 'no', 'the')), ''), '') as street_key,
        city.key as city_key,
        fold_postal(r.postal_code) as postal_key,
        fold_code(r.loyalty_id) as loyalty_key,
        fold_code(r.national_id) as national_key
    from sorted_word r
    left join folded_given as given on given.value = r.given_name
    left join folded_word as middle on middle.value = r.middle_name
    left join folded_family as family on family.value = r.family_name
    left join folded_word as city on city.value = r.city
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
    kept.given_key[1:1] as given_initial,
    kept.family_key[1:1] as family_initial,
    case when given_key < family_key then given_key || ' ' || family_key else family_key || ' ' || given_key end as name_pair,
    case when not name_made(split_part(kept.email_key, '@', 1), kept.given_key, kept.family_key) then nullif(split_part(kept.email_key, '@', 1), '') end as email_local,
    right(kept.phone_key, 7) as phone_tail,
    strftime(kept.birth_date, '%Y') as birth_year,
    strftime(kept.birth_date, '%Y%m%d') as birth_text
from kept
