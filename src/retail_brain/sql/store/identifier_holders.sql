-- one row per record that may hold an identifier, whatever its spelling; the folding of keys decides afterwards
select
  record_no,
  email,
  phone,
  address,
  loyalty_id,
  national_id
from source_record
where profile_id is not null
  and (
    email = %(email)s
    or phone = %(phone)s
    or phone like %(phone_ends)s
    or upper(translate(loyalty_id, ' -', '')) = upper(translate(%(code)s, ' -', ''))
    or upper(translate(national_id, ' -', '')) = upper(translate(%(code)s, ' -', ''))
    or lower(address) = lower(%(address)s)
    or address ~ %(house)s
  )
order by record_no
