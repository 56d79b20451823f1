{{ config(enabled=var('atribu') and var('personal'), materialized='view') }}

with paths as (

    select
        profile_id,
        goal,
        conversion_id,
        string_agg(value, ' > ' order by position) as path,
        count(*) as touches
    from {{ source('atribu_pii', 'customers__touch_channels') }}
    group by profile_id, goal, conversion_id

)

, conversions as (

    select
        customers.profile_id,
        customers.goal,
        customers.conversion_id,
        customers.revenue_type,
        customers.time_to_complete_seconds,
        {{ money('customers.revenue') }} as amount,
        {{ month_of('customers.conversion_time', 'profiles.timezone') }} as month
    from {{ source('atribu_pii', 'customers') }} as customers
    left join {{ ref('stg_atribu__profiles') }} as profiles
        on customers.profile_id = profiles.profile_id

)

select
    conversions.profile_id,
    conversions.month,
    conversions.goal,
    coalesce(paths.path, '(no touch known)') as path,
    coalesce(max(paths.touches), 0) as touches,
    count(*) as conversions,
    sum(case when conversions.revenue_type = 'cash' then conversions.amount else 0 end) as revenue,
    cast(avg(conversions.time_to_complete_seconds) / 3600 as decimal(18, 1)) as average_hours
from conversions
left join paths
    on conversions.profile_id = paths.profile_id
    and conversions.goal = paths.goal
    and conversions.conversion_id = paths.conversion_id
group by conversions.profile_id, conversions.month, conversions.goal, coalesce(paths.path, '(no touch known)')
