-- nothing: brings new and changed values from the temporary table shared_value_new
insert into shared_value (
  field,
  value,
  kind,
  records,
  people
)
select
  field,
  value,
  kind,
  records,
  people
from shared_value_new
on conflict (field, value) do update set
  kind = excluded.kind,
  records = excluded.records,
  people = excluded.people
where (shared_value.kind, shared_value.records, shared_value.people)
  is distinct from (excluded.kind, excluded.records, excluded.people)
