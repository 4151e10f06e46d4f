-- One row per source: the share of its delivered rows with letters that were read in the wrong encoding, and their number.
with row as (
  select source, concat_ws(' ', given_name, family_name, full_name, address, city) as text from delivered_row
),
judged as (
  select source, regexp_matches(text, '[ÃÂ][\x{80}-\x{BF}ŒœŠšŽžŸƒˆ˜–—‘’‚“”„†‡•…‰‹›€™]|â€|\x{FFFD}|\pL\?\pL') as damaged from row
)
select source, avg(damaged::double) as share, count(*) filter (where damaged) as rows from judged group by source order by source
