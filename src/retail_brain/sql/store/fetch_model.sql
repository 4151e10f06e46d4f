-- one row when a published run used the model: everything but its terms
select
  model_id,
  trained_at,
  fingerprint,
  made_by,
  model_hash,
  document::text as document
from model
where model_id = %(model_id)s
