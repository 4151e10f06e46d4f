-- One row per source: of its delivered rows, or an even sample of them, the share with letters that were read in the wrong encoding, and their number.
with row as (
  select source, concat_ws(' ', given_name, family_name, full_name, address, city) as text
  from delivered_row
  where hash(record_id) % getvariable('sample_step')[source] = 0
),
judged as (
  select source, regexp_matches(text, '[ÃÂ][\x{80}-\x{BF}ŒœŠšŽžŸƒˆ˜–—‘’‚“”„†‡•…‰‹›€™]|â€|\x{FFFD}|\pL\?\pL') as damaged from row
)
select source, avg(damaged::double) as share, count(*) filter (where damaged) as rows from judged group by source order by source
