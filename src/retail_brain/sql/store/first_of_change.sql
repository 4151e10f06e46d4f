-- one row: the first log row that was written in one transaction with a given one; their numbers follow one another
select min(sibling.merge_id)
from identity_merge_log as log
join identity_merge_log as sibling
  on sibling.logged_at = log.logged_at
  and sibling.merge_id between log.merge_id - 100000 and log.merge_id
where log.merge_id = %(merge_id)s
