{{ config(enabled=var('atribu')) }}

select
    profile_id,
    date,
    campaign_id,
    campaign_name,
    {{ money('spend') }} as spend,
    {{ money('outcome_value') }} as revenue,
    outcome_count as conversions
from {{ source('atribu', 'campaigns') }}
where model = '{{ var("attribution_model") }}' and level = 'campaign' and grain = 'day'
