{{ config(enabled=var('atribu')) }}

with answered as (

    select
        profile_id,
        resource,
        variant,
        date_from,
        date_to,
        truncated,
        read_at,
        row_number() over (
            partition by profile_id, resource, variant, date_from, date_to order by read_at desc
        ) as place
    from {{ source('atribu', 'sync_windows') }}
    where error is null

)

select
    profile_id,
    resource,
    variant,
    date_from,
    date_to,
    truncated,
    read_at
from answered
where place = 1
