-- one row per profile that several sources know under several spellings, the most telling first
select profile_id
from source_record
where profile_id is not null
group by profile_id
having count(*) between 3 and 6 and count(distinct given_name) > 1 and count(email) > 0 and count(phone) > 0
order by
  count(distinct source) desc,
  count(distinct lower(given_name)) + count(distinct lower(family_name)) desc,
  min(record_no)
limit %(limit)s
