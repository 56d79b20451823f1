{{ config(enabled=var('atribu')) }}

select
    profile_id,
    date,
    source,
    currency,
    {{ money('total') }} as amount,
    count as payments
from {{ source('atribu', 'revenue_cash') }}
where grain = 'day'
