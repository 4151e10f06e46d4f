-- Why records belong together: the log of merges, what people ruled, and what waits for a person. Log and decisions are
-- append-only: an undone merge is one that another row inverts, a withdrawn decision one that another row withdraws.

create table identity_merge_log (
  merge_id bigint primary key,
  kind text collate "C" not null check (kind in ('merge', 'split', 'unmerge')),
  inverts bigint,
  cause text collate "C" not null,
  record_no_l bigint not null,
  record_no_r bigint not null,
  match_weight double precision,
  match_probability double precision,
  levels text collate "C",
  blocking_rule text collate "C",
  model_id text collate "C",
  profile_id uuid,
  profile_id_l uuid,
  profile_id_r uuid,
  run_id bigint,
  decision_id bigint,
  logged_at timestamptz not null default now(),
  check (record_no_l < record_no_r),
  check ((kind = 'merge') = (inverts is null))
);
create unique index identity_merge_log_inverts on identity_merge_log (inverts) where inverts is not null;
create index identity_merge_log_by_hand on identity_merge_log (merge_id) where run_id is null;
create index identity_merge_log_record_l on identity_merge_log (record_no_l);
create index identity_merge_log_record_r on identity_merge_log (record_no_r);
comment on table identity_merge_log is 'One row per edge that joined two groups of records, and one per such edge undone. Append-only.';
comment on column identity_merge_log.merge_id is 'Number of the log row.';
comment on column identity_merge_log.kind is 'merge; split (a record changed or vanished, or a stronger link took its place) or unmerge (a person undid it).';
comment on column identity_merge_log.inverts is 'The merge that this row undoes; each can be undone once.';
comment on column identity_merge_log.cause is 'match, must_link, changed, gone, rescored, replaced, decision …';
comment on column identity_merge_log.record_no_l is 'The one record of the edge; the smaller number.';
comment on column identity_merge_log.record_no_r is 'The other record of the edge.';
comment on column identity_merge_log.match_weight is 'Evidence that they are one person, in bits.';
comment on column identity_merge_log.match_probability is 'The same as a probability, 0 to 1.';
comment on column identity_merge_log.levels is 'Level that each comparison reached, in the order of the model.';
comment on column identity_merge_log.blocking_rule is 'What the pair shared, so that it was compared.';
comment on column identity_merge_log.model_id is 'The model that scored it.';
comment on column identity_merge_log.profile_id is 'The profile that lives on.';
comment on column identity_merge_log.profile_id_l is 'Profile of the one record before.';
comment on column identity_merge_log.profile_id_r is 'Profile of the other record before.';
comment on column identity_merge_log.run_id is 'The run that published it; empty when a person did it between runs.';
comment on column identity_merge_log.decision_id is 'The decision that caused it.';
comment on column identity_merge_log.logged_at is 'When it was written.';

create table identity_decision (
  decision_id bigint generated always as identity primary key,
  kind text collate "C" not null check (kind in ('must_link', 'cannot_link', 'withdraw')),
  withdraws bigint unique,
  record_no_l bigint not null,
  record_no_r bigint not null,
  row_hash_l text collate "C",
  row_hash_r text collate "C",
  reason text not null,
  ticket text,
  decided_by text not null,
  decided_at timestamptz not null default clock_timestamp(),
  check (record_no_l < record_no_r),
  check ((kind = 'withdraw') = (withdraws is not null))
);
create index identity_decision_record_l on identity_decision (record_no_l);
create index identity_decision_record_r on identity_decision (record_no_r);
comment on table identity_decision is 'One row per ruling of a person about two records. Append-only.';
comment on column identity_decision.decision_id is 'Number of the decision.';
comment on column identity_decision.kind is 'must_link, cannot_link, or withdraw.';
comment on column identity_decision.withdraws is 'The decision that this one takes back; each can be taken back once.';
comment on column identity_decision.record_no_l is 'The one record; the smaller number.';
comment on column identity_decision.record_no_r is 'The other record.';
comment on column identity_decision.row_hash_l is 'Hash of the one record''s values when it was decided.';
comment on column identity_decision.row_hash_r is 'Hash of the other record''s values when it was decided.';
comment on column identity_decision.reason is 'Why, in the words of who decided.';
comment on column identity_decision.ticket is 'Where it was asked for.';
comment on column identity_decision.decided_by is 'Who decided.';
comment on column identity_decision.decided_at is 'When.';

create table review_item (
  record_no_l bigint not null,
  record_no_r bigint not null,
  kind text collate "C" not null check (kind in ('borderline', 'refused', 'weak')),
  match_weight double precision not null,
  match_probability double precision,
  levels text collate "C",
  blocking_rule text collate "C",
  reason text collate "C",
  stake double precision not null,
  run_id bigint not null,
  primary key (record_no_l, record_no_r),
  check (record_no_l < record_no_r)
);
create index review_item_record_r on review_item (record_no_r);
create index review_item_order on review_item (stake desc, record_no_l, record_no_r);
comment on table review_item is 'One row per pair that waits for a person: too close to call, or a link that the rules refused.';
comment on column review_item.record_no_l is 'The one record; the smaller number.';
comment on column review_item.record_no_r is 'The other record.';
comment on column review_item.kind is 'borderline (between the thresholds), refused (held apart by a rule) or weak (a merge that hangs on one weak edge).';
comment on column review_item.match_weight is 'Evidence that they are one person, in bits.';
comment on column review_item.match_probability is 'The same as a probability, 0 to 1.';
comment on column review_item.levels is 'Level that each comparison reached, in the order of the model.';
comment on column review_item.blocking_rule is 'What the pair shared, so that it was compared.';
comment on column review_item.reason is 'Which rule refused it: given_name, date_of_birth, loyalty_id, cannot_link …';
comment on column review_item.stake is 'Pairs of records that are likely to be wrong while nobody decides: the chance that the two are not where they belong, times the pairs of records that it concerns.';
comment on column review_item.run_id is 'The run that published it.';
