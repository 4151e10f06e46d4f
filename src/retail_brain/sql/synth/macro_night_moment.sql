-- No rows: night_moment() gives a moment on the day before a night; the first night comes after everything that moment() gives.
create or replace temp macro night_moment(night, key) as
    timestamp '2026-11-10' + to_seconds(86400 * night::bigint + floor(draw(key, 'night moment') * 86000)::bigint)
