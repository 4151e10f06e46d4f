-- One row per profile of a first run: all of them are new.
create or replace view touched_profile as
select distinct profile_id from crosswalk
