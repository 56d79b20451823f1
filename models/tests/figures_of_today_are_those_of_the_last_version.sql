{{ config(enabled=var('atribu')) }}

-- what holds now in the history of versions is what the tables hold
select
    history.profile_id,
    history.date
from {{ ref('daily_as_of') }} as history
inner join {{ ref('stg_atribu__attributed_daily') }} as today
    on history.profile_id = today.profile_id and history.date = today.date
where history.figure = 'attributed_revenue'
    and history.valid_to is null
    and history.amount <> today.attributed_revenue
