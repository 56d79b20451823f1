{{ config(enabled=var('atribu')) }}

select
    profile_id,
    date,
    {{ money('revenue') }} as attributed_revenue,
    {{ money('organic_direct_revenue') }} as organic_revenue,
    {{ money('spend') }} as spend
from {{ source('atribu', 'revenue') }}
where model = '{{ var("attribution_model") }}'
