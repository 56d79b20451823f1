{{ config(enabled=var('atribu')) }}

-- cash is what ads earned, organic revenue, and what traces to nothing
select
    profile_id,
    date,
    cash_revenue,
    unexplained_revenue
from {{ ref('revenue_bridge') }}
where unexplained_revenue <> 0
