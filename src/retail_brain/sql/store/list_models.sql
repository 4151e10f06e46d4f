-- one row per model that a published run used, oldest first: everything but its terms
select
  model_id,
  trained_at,
  fingerprint,
  made_by,
  model_hash,
  document::text as document
from model
order by
  trained_at,
  model_id
