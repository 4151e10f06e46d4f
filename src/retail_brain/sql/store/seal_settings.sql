-- one row: until the end of the transaction every value is written in one way, whatever the session or the database prefer
select
  set_config('timezone', 'UTC', true),
  set_config('datestyle', 'ISO, YMD', true),
  set_config('extra_float_digits', '1', true),
  set_config('client_encoding', 'UTF8', true)
