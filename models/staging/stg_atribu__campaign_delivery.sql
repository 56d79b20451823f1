{{ config(enabled=var('atribu')) }}

select
    profile_id,
    date,
    entity_id as campaign_id,
    {{ money('spend') }} as spend,
    impressions,
    clicks
from {{ source('atribu', 'campaigns_trend') }}
