-- One row per record of all nights, also where it vanished: source, record_id, person_id.
select source, record_id(source, record_no) as record_id, 'P' || lpad(person_no::varchar, 8, '0') as person_id
from synth_presence
order by source_no, record_no
