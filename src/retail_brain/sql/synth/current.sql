-- One row per record with corrections up to tonight: its newest revision, by date, as a full snapshot shows it.
create or replace temp table synth_current as
select
    record_key,
    if(max(updated_at) > any_value(since), arg_max(revision, updated_at), 0) as current_revision
from synth_revision
where source = $source and revision > 0 and night <= tonight()
group by record_key
