{{ config(enabled=var('atribu')) }}

-- the campaigns of a day add up to what was spent on it, to the cent
with campaigns as (

    select
        profile_id,
        date,
        sum(spend) as spend
    from {{ ref('campaign_daily') }}
    group by profile_id, date

)

select
    daily.profile_id,
    daily.date,
    daily.spend,
    campaigns.spend as spend_of_campaigns
from {{ ref('stg_atribu__daily') }} as daily
full outer join campaigns
    on daily.profile_id = campaigns.profile_id and daily.date = campaigns.date
where coalesce(daily.spend, 0) <> coalesce(campaigns.spend, 0)
