-- nothing: keeps a model that is not known yet
insert into model (
  model_id,
  trained_at,
  fingerprint,
  made_by,
  model_hash,
  document,
  terms
) values (
  %(model_id)s,
  %(trained_at)s,
  %(fingerprint)s,
  %(made_by)s,
  %(model_hash)s,
  %(document)s,
  %(terms)s
)
on conflict (model_id) do nothing
