-- No rows: moment() gives a moment between 2019 and the middle of 2026.
create or replace temp macro moment(u) as timestamp '2019-01-01' + to_seconds(floor(u * 239000000)::bigint)
