-- One row per source: of its delivered rows, or an even sample of them, the share with letters that were read in the wrong encoding, and their number.
with total as (
  select source, greatest(1, count(*) // $sample_rows) as step from delivered_row group by source
),
row as (
  select source, concat_ws(' ', given_name, family_name, full_name, address, city) as text
  from delivered_row
  join total using (source)
  where total.step = 1 or hash(source || chr(31) || record_id) % total.step = 0
),
judged as (
  select source, regexp_matches(text, '[ÃÂ][\x{80}-\x{BF}ŒœŠšŽžŸƒˆ˜–—‘’‚“”„†‡•…‰‹›€™]|â€|\x{FFFD}|\pL\?\pL') as damaged from row
)
select source, avg(damaged::double) as share, count(*) filter (where damaged) as rows from judged group by source order by source
