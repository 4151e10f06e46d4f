-- One row per record that is known after tonight: source, record_id, person_id.
select source, record_id(source, record_no) as record_id, 'P' || lpad(person_no::varchar, 8, '0') as person_id
from synth_presence
where first_night <= tonight() and gone_night > tonight()
order by source_no, record_no
