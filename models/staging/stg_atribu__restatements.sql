{{ config(enabled=var('atribu')) }}

select
    profile_id,
    resource,
    variant,
    date,
    dimension_value,
    metric,
    old_value,
    new_value,
    seen_at,
    row_number() over (
        partition by profile_id, resource, variant, date, dimension_value, metric order by seen_at
    ) as change_number,
    lead(seen_at) over (
        partition by profile_id, resource, variant, date, dimension_value, metric order by seen_at
    ) as next_seen_at
from {{ source('atribu', 'restatements') }}
