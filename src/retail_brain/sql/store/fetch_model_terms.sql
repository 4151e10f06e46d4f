-- one row when a published run used the model: how common each value was, as a Parquet file
select terms
from model
where model_id = %(model_id)s
