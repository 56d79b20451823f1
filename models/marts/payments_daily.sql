{{ config(enabled=var('atribu')) }}

select
    profile_id,
    date,
    source,
    currency,
    amount,
    payments
from {{ ref('stg_atribu__payments') }}
