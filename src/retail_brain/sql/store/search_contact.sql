-- one row per profile with a record that has one of the phones or e-mails
select profile_id
from (
  (
    select profile_id
    from source_record
    where phone = any(%(phones)s)
    limit 1000
  )
  union
  (
    select profile_id
    from source_record
    where email = any(%(emails)s)
    limit 1000
  )
) as found
where profile_id is not null
limit %(limit)s
