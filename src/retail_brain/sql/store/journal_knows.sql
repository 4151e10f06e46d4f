-- one row: how many of these moments are those of notes that wait
select count(*)
from unnest(%(notes)s::bigint[]) as taken (moment)
where taken.moment in (select (extract(epoch from touched_at) * 1000000)::bigint from journal_touched)
