-- one row per run that was published after a run and stands, and that is no taking back itself, oldest first: its number
select run_id
from run
where generation > %(generation)s
  and status = 'published'
  and not coalesce(counts ? 'took_back', false)
order by generation
