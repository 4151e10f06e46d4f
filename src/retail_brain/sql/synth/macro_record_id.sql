-- No rows: record_id() gives the name that a source has for its record.
create or replace temp macro record_id(source, record_no) as
    case source
        when 'pos' then (100000 + record_no)::varchar
        when 'ecommerce' then 'C-' || record_no
        when 'loyalty' then (40000000 + record_no)::varchar
        when 'app' then 'a' || lpad(lower(to_base(record_no, 36)), 7, '0')
        else 'K' || record_no
    end
