-- One row per record: record_no, profile_id; a new group's id comes from its founder (smallest record_no) and the generation, shaped as a UUID of version 8.
create or replace table crosswalk as
with fresh as (
    select record_group.group_no, md5(record.source || chr(31) || record.record_id || chr(31) || $generation) as digest
    from record_group
    join record using (record_no)
    anti join id_kept on id_kept.group_no = record_group.group_no
    where record_group.record_no = record_group.group_no
),
chosen as (
    select group_no, profile_id from id_kept
    union all
    select group_no, (digest[1:12] || '8' || digest[14:16] || '8' || digest[18:32])::uuid from fresh
)
select record_group.record_no, chosen.profile_id
from record_group
join chosen using (group_no)
