-- One row per line of one source's export of one night; an exact duplicate stands twice.
create or replace temp table synth_delivered as
select noisy.*, copies.copy
from synth_noisy as noisy
cross join (select unnest([0, 1]) as copy) as copies
where source = $source and night = $night and (copies.copy = 0 or is_twice)
