-- No rows: the tables of a state in which nothing was published yet.
create or replace table previous_crosswalk (record_no bigint, profile_id uuid);
create or replace table standing_merge (
  merge_id bigint,
  record_no_l bigint,
  record_no_r bigint,
  match_weight double,
  match_probability double,
  levels varchar,
  blocking_rule varchar
);
create or replace table review_item_before (
  record_no_l bigint,
  record_no_r bigint,
  kind varchar,
  match_weight double,
  match_probability double,
  levels varchar,
  blocking_rule varchar,
  reason varchar,
  stake double
);
create or replace table arrived_settled (record_no bigint, source varchar, record_id varchar);
create or replace table arrived_link (record_no_l bigint, record_no_r bigint)
