{{ config(enabled=var('atribu')) }}

with parts as (

    select
        daily.profile_id,
        daily.date,
        daily.cash_revenue,
        coalesce(coverage.ad_revenue, 0) as ad_revenue,
        coalesce(coverage.inherited_revenue, 0) as inherited_revenue,
        coalesce(coverage.unknown_ad_revenue, 0) as unknown_ad_revenue,
        coalesce(coverage.organic_revenue, 0) as organic_revenue,
        coalesce(coverage.unattributed_revenue, 0) as unattributed_revenue
    from {{ ref('stg_atribu__daily') }} as daily
    left join {{ ref('stg_atribu__coverage') }} as coverage
        on daily.profile_id = coverage.profile_id and daily.date = coverage.date

)

select
    parts.profile_id,
    parts.date,
    profiles.profile_name,
    profiles.currency,
    parts.cash_revenue,
    parts.ad_revenue,
    parts.inherited_revenue,
    parts.unknown_ad_revenue,
    parts.ad_revenue + parts.inherited_revenue + parts.unknown_ad_revenue as revenue_from_ads,
    parts.organic_revenue,
    parts.unattributed_revenue,
    parts.cash_revenue - parts.ad_revenue - parts.inherited_revenue - parts.unknown_ad_revenue
    - parts.organic_revenue - parts.unattributed_revenue as unexplained_revenue,
    parts.ad_revenue + parts.inherited_revenue + parts.unknown_ad_revenue as attributed_revenue
from parts
left join {{ ref('stg_atribu__profiles') }} as profiles
    on parts.profile_id = profiles.profile_id
