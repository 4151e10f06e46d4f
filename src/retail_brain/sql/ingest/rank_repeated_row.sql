-- One row per delivered row of a repeated record: is it a copy of an equal row, and its rank among the different ones (1 wins).
create or replace temp table repeated_row as
with content as (
  select
    row_.delivery_id,
    row_.rowid as row_no,
    row_.record_id,
    md5(to_json(struct_pack(
      a := row_.full_name, b := row_.given_name, c := row_.middle_name, d := row_.family_name, e := row_.name_suffix,
      f := row_.native_name, g := row_.gender, h := row_.email, i := row_.phone, j := row_.date_of_birth,
      k := row_.address, l := row_.city, m := row_.region, n := row_.postal_code, o := row_.country,
      p := row_.loyalty_id, q := row_.national_id, r := row_.updated_at, s := row_.attributes
    ))::varchar) as content,
    coalesce(
      try_cast(row_.updated_at as timestamp),
      try_strptime(row_.updated_at, $formats),
      case when regexp_full_match(row_.updated_at, '\d{13}') then make_timestamp(row_.updated_at::bigint * 1000) end,
      case when regexp_full_match(row_.updated_at, '\d{10}') then make_timestamp(row_.updated_at::bigint * 1000000) end
    ) as stamp
  from delivered_row as row_
  semi join repeated_record using (record_id)
  where row_.source = $source
)
select
  delivery_id,
  row_no,
  row_number() over (partition by record_id, content order by delivery_id, row_no) > 1 as is_copy,
  row_number() over (partition by record_id order by stamp desc nulls last, content desc, delivery_id, row_no) as rank
from content
