-- nothing: removes what was written, unless it changed again
delete from cache_outbox
using unnest(%(profile_ids)s::uuid[], %(seqs)s::bigint[]) as written (profile_id, seq)
where cache_outbox.profile_id = written.profile_id
  and cache_outbox.seq <= written.seq
