-- One row per record and revision: 0 is the first, 1 a correction in the same delivery, n that of night n.
create or replace temp view synth_revision as
with keyed as (
    select
        presence.*,
        revision.revision,
        record_key * 2 + if(revision.revision = 0, 0, 1) + greatest(revision.revision - 1, 0) * 68719476736 as revision_key
    from synth_presence as presence
    cross join (select unnest(range(0, nights() + 1)) as revision) as revision
    where case revision.revision
        when 0 then true
        when 1 then first_night = 1 and draw(record_key, 'corrected') < corrections()
        else first_night < revision.revision
            and draw(record_key + revision.revision * 68719476736, 'corrected tonight') < night_corrected()
    end
)
select
    *,
    if(revision < 2, first_night, revision)::integer as night,
    case
        when revision = 0 then since
        when revision = 1 then since + to_seconds(86400 + floor(draw(record_key, 'later') * 9000000)::bigint)
        when draw(revision_key, 'late') < night_late()
            then since + to_seconds(floor((draw(revision_key, 'how late') - 0.5) * 5184000)::bigint)
        else night_moment(revision, revision_key)
    end as updated_at
from keyed
