-- one row: whether a decision was taken back that the last published run had still followed
select exists (
  select
  from identity_decision
  where kind = 'withdraw'
    and decision_id > coalesce((
      select (counts ->> 'seen_decision_id')::bigint
      from run
      where generation is not null
      order by generation desc
      limit 1
    ), 0)
)
