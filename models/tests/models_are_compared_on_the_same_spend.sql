{{ config(enabled=var('atribu')) }}

-- each campaign's day has one spend and the revenue of the chosen model, whatever models stand beside it
select
    daily.profile_id,
    daily.date,
    daily.campaign_id
from {{ ref('stg_atribu__campaigns') }} as daily
full outer join {{ ref('attribution_comparison') }} as compared
    on daily.profile_id = compared.profile_id
    and daily.date = compared.date
    and daily.campaign_id = compared.campaign_id
where daily.spend <> compared.spend
    or daily.revenue <> compared.revenue_{{ var('attribution_model') }}
