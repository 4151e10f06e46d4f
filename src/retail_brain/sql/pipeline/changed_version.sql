-- One row per version of a record that came or went tonight: its identifiers.
create or replace view changed_version as
select email, phone, loyalty_id, national_id from record_fresh where not gone
union all
select email, phone, loyalty_id, national_id from record_before where not gone and record_no in (select record_no from changed_record)
