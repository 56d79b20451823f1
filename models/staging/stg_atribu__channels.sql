{{ config(enabled=var('atribu')) }}

select
    profile_id,
    date,
    value as channel,
    {{ money('revenue') }} as revenue,
    conversions
from {{ source('atribu', 'channels') }}
where grain = 'day'
