-- One row per line of tonight's delivery of one source. A table, for Parquet: only a table says which columns hold no
-- nulls, and the bytes of a Parquet file depend on whether the writer knows.
create or replace temp table synth_kept as
from synth_noisy
where source = $source
