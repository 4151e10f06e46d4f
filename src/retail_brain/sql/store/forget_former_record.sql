-- nothing: removes what runs replaced that are older than the newest published ones
delete from former_record
where run_id < (
  select coalesce(min(kept.run_id), 0)
  from (
    select run_id
    from run
    where generation is not null
    order by generation desc
    limit %(runs)s
  ) as kept
)
