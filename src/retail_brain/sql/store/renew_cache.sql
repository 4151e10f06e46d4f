-- one row: the new generation of the cache; what waited is covered by it
with cleared as (
  delete from cache_outbox
)

update cache_state
set generation = generation + 1
returning generation
