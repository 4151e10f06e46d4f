-- one row: a generation of the cache that no database before ever named, so that Redis's keys of another time are not believed; what waited is covered by it
with cleared as (
  delete from cache_outbox
)

update cache_state
set generation = greatest(generation + 1, (extract(epoch from clock_timestamp()) * 1000)::bigint)
returning generation
