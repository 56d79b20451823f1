{{ config(enabled=var('atribu')) }}

select
    profile_id,
    resource,
    variant,
    date,
    dimension_value,
    metric,
    change_number as version,
    new_value as value,
    seen_at as valid_from,
    next_seen_at as valid_to
from {{ ref('stg_atribu__restatements') }}

union all

select
    profile_id,
    resource,
    variant,
    date,
    dimension_value,
    metric,
    0 as version,
    old_value as value,
    cast(null as timestamp with time zone) as valid_from,
    seen_at as valid_to
from {{ ref('stg_atribu__restatements') }}
where change_number = 1
