-- One row per group that keeps an id: group_no, profile_id. A group wants the id of most of its records (tie: the older profile); of the groups that want one id, the one with most of its records gets it (tie: the one with the profile's first record).
create or replace temp table id_kept as
with age as (
    select profile_id, min(record_no) as first_record_no from id_previous group by profile_id
),
held as (
    select record_group.group_no, id_previous.profile_id, count(*) as records, min(record_group.record_no) as first_here
    from record_group
    join id_previous using (record_no)
    group by all
),
wanted as (
    select held.*
    from held
    join age using (profile_id)
    qualify row_number() over (partition by held.group_no order by held.records desc, age.first_record_no, held.profile_id) = 1
)
select group_no, profile_id
from wanted
qualify row_number() over (partition by profile_id order by records desc, first_here, group_no) = 1
