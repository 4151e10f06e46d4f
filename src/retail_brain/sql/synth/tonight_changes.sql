-- One row per line of tonight's deliveries of changes: new and corrected records; an exact duplicate stands twice.
create or replace temp view synth_tonight as
select revision.*, copies.copy
from synth_revision as revision
cross join (select unnest([0, 1]) as copy) as copies
where night = tonight() and (copies.copy = 0 or draw(revision_key, 'twice') < exact_duplicates())
