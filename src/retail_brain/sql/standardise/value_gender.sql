-- One gender as 'f' or 'm', or NULL where it is neither or not known; ISO 5218 digits are understood.
create or replace temp macro value_gender(clean) as
    case
        when lower(clean) in ('f', 'female', 'fem', 'f.', 'w', 'woman', 'weiblich', 'femme', 'femenino', 'feminino', 'mujer', 'girl', '2') then 'f'
        when lower(clean) in ('m', 'male', 'masc', 'm.', 'man', 'h', 'hombre', 'homme', 'männlich', 'maennlich', 'masculino', 'masculin', 'boy', '1') then 'm'
    end
