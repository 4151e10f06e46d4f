-- nothing: removes the values that the temporary table shared_value_new does not name
delete from shared_value
where not exists (
  select
  from shared_value_new
  where shared_value_new.field = shared_value.field
    and shared_value_new.value = shared_value.value
)
