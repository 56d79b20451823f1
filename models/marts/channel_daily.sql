{{ config(enabled=var('atribu')) }}

select
    channels.profile_id,
    channels.date,
    channels.channel,
    profiles.profile_name,
    profiles.currency,
    channels.revenue,
    channels.conversions
from {{ ref('stg_atribu__channels') }} as channels
left join {{ ref('stg_atribu__profiles') }} as profiles
    on channels.profile_id = profiles.profile_id
