{{ config(enabled=var('atribu')) }}

select
    profile_id,
    date,
    {{ money('cash_revenue') }} as cash_revenue,
    {{ money('spend') }} as spend
from {{ source('atribu', 'timeseries') }}
