-- One row per line of tonight's full snapshot: every record that is there, as it stands; an exact duplicate stands twice.
create or replace temp view synth_tonight as
select revision.*, copies.copy
from synth_revision as revision
left join synth_current as newest using (record_key)
cross join (select unnest([0, 1]) as copy) as copies
where first_night <= tonight()
    and gone_night > tonight()
    and night <= tonight()
    and revision = coalesce(newest.current_revision, 0)
    and (copies.copy = 0 or draw(revision_key, 'twice') < exact_duplicates())
