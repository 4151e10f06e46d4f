-- one row: this transaction runs its statements by plans that are made once; they look up single rows, and planning would take longer than running
select set_config('plan_cache_mode', 'force_generic_plan', true)
