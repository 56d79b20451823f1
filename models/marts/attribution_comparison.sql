{{ config(enabled=var('atribu')) }}

{%- set models = [
    'last_touch', 'first_touch', 'linear', 'time_decay', 'last_non_direct', 'split_50_50', 'position_based',
    'custom_weighted'
] %}

select
    campaigns.profile_id,
    campaigns.date,
    campaigns.campaign_id,
    max(campaigns.campaign_name) as campaign_name,
    max(profiles.profile_name) as profile_name,
    max(profiles.currency) as currency,
    max({{ money('campaigns.spend') }}) as spend
    {%- for model in models %},
    sum(case when campaigns.model = '{{ model }}' then {{ money('campaigns.outcome_value') }} end) as revenue_{{ model }}
    {%- endfor %}
    {%- for model in models %},
    sum(case when campaigns.model = '{{ model }}' then campaigns.outcome_count end) as conversions_{{ model }}
    {%- endfor %}
from {{ source('atribu', 'campaigns') }} as campaigns
left join {{ ref('stg_atribu__profiles') }} as profiles
    on campaigns.profile_id = profiles.profile_id
where campaigns.level = 'campaign' and campaigns.grain = 'day'
group by campaigns.profile_id, campaigns.date, campaigns.campaign_id
