{{ config(enabled=var('atribu')) }}

select
    pages.profile_id,
    pages.date,
    pages.page,
    profiles.profile_name,
    profiles.currency,
    pages.revenue,
    pages.conversions,
    coalesce(answers.truncated, false) as is_cut_off
from {{ ref('stg_atribu__pages') }} as pages
left join {{ ref('stg_atribu__last_answers') }} as answers
    on pages.profile_id = answers.profile_id
    and answers.resource = 'pages'
    and pages.date = answers.date_from
    and pages.date = answers.date_to
left join {{ ref('stg_atribu__profiles') }} as profiles
    on pages.profile_id = profiles.profile_id
