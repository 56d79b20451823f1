{{ config(enabled=var('atribu')) }}

-- the channels of a day add up to what is attributed on it, to the cent; a list that was cut off cannot
with channels as (

    select
        profile_id,
        date,
        sum(revenue) as revenue
    from {{ ref('channel_daily') }}
    group by profile_id, date

)

select
    attributed.profile_id,
    attributed.date,
    attributed.attributed_revenue,
    channels.revenue
from {{ ref('stg_atribu__attributed_daily') }} as attributed
full outer join channels
    on attributed.profile_id = channels.profile_id and attributed.date = channels.date
where coalesce(attributed.attributed_revenue, 0) <> coalesce(channels.revenue, 0)
