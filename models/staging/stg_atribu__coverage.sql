{{ config(enabled=var('atribu')) }}

select
    profile_id,
    date,
    {{ money('total_value') }} as cash_revenue,
    {{ money('ad_attributed_value') }} as ad_revenue,
    {{ money('inherited_value') }} as inherited_revenue,
    {{ money('dangling_ad_value') }} as unknown_ad_revenue,
    {{ money('organic_direct_value') }} as organic_revenue,
    {{ money('unattributed_value') }} as unattributed_revenue
from {{ source('atribu', 'attribution_coverage') }}
where model = '{{ var("attribution_model") }}' and grain = 'day'
