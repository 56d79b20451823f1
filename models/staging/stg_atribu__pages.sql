{{ config(enabled=var('atribu')) }}

select
    profile_id,
    date,
    value as page,
    {{ money('revenue') }} as revenue,
    conversions
from {{ source('atribu', 'pages') }}
where grain = 'day'
