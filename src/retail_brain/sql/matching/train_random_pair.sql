-- One row per random pair (rule -1): the records in the order of a hash, each paired with the ones that follow it.
insert into train_pair
with shuffled as (
    select record_no, row_number() over (order by hash(record_no + $seed * 7919), record_no) - 1 as place, count(*) over () as records
    from match_key
),
paired as (
    select least(l.record_no, r.record_no) as record_no_l, greatest(l.record_no, r.record_no) as record_no_r
    from shuffled l
    cross join (select unnest(range(1, $rounds + 1)) as step)
    join shuffled r on r.place = (l.place + step) % l.records
    where l.place < $limit
)
select -1, record_no_l, record_no_r from paired
