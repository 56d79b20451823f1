{{ config(enabled=var('atribu')) }}

with named as (

    select
        profile_id,
        campaign_id,
        campaign_name,
        row_number() over (partition by profile_id, campaign_id order by date desc) as place
    from {{ ref('stg_atribu__campaigns') }}
    where campaign_name is not null

)

, joined as (

    select
        coalesce(credited.profile_id, delivered.profile_id) as profile_id,
        coalesce(credited.date, delivered.date) as date,
        coalesce(credited.campaign_id, delivered.campaign_id) as campaign_id,
        coalesce(credited.spend, delivered.spend) as spend,
        coalesce(credited.revenue, 0) as revenue,
        coalesce(credited.conversions, 0) as conversions,
        delivered.impressions,
        delivered.clicks
    from {{ ref('stg_atribu__campaigns') }} as credited
    full outer join {{ ref('stg_atribu__campaign_delivery') }} as delivered
        on credited.profile_id = delivered.profile_id
        and credited.date = delivered.date
        and credited.campaign_id = delivered.campaign_id

)

select
    joined.profile_id,
    joined.date,
    joined.campaign_id,
    named.campaign_name,
    profiles.profile_name,
    profiles.currency,
    joined.spend,
    joined.revenue,
    joined.conversions,
    joined.impressions,
    joined.clicks,
    {{ ratio('joined.revenue', 'joined.spend') }} as roas
from joined
left join named
    on joined.profile_id = named.profile_id and joined.campaign_id = named.campaign_id and named.place = 1
left join {{ ref('stg_atribu__profiles') }} as profiles
    on joined.profile_id = profiles.profile_id
