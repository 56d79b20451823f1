{{ config(enabled=var('atribu')) }}

with today as (
    {%- set figures = [
        ('stg_atribu__daily', 'cash_revenue', 'timeseries', '', 'cash_revenue'),
        ('stg_atribu__attributed_daily', 'attributed_revenue', 'revenue', var('attribution_model'), 'revenue'),
        ('stg_atribu__attributed_daily', 'organic_revenue', 'revenue', var('attribution_model'), 'organic_direct_revenue'),
        ('stg_atribu__attributed_daily', 'spend', 'revenue', var('attribution_model'), 'spend'),
    ] %}
    {%- for model, figure, resource, variant, metric in figures %}

    select
        profile_id,
        date,
        '{{ figure }}' as figure,
        {{ figure }} as amount,
        '{{ resource }}' as resource,
        '{{ variant }}' as variant,
        '{{ metric }}' as metric
    from {{ ref(model) }}
    {%- if not loop.last %}

    union all
    {%- endif %}
    {%- endfor %}

)

select
    today.profile_id,
    today.date,
    today.figure,
    profiles.profile_name,
    profiles.currency,
    case when restated.version is null then today.amount else {{ money('coalesce(restated.value, 0)') }} end as amount,
    restated.valid_from,
    restated.valid_to
from today
left join {{ ref('restated') }} as restated
    on today.profile_id = restated.profile_id
    and today.date = restated.date
    and today.resource = restated.resource
    and today.variant = restated.variant
    and today.metric = restated.metric
left join {{ ref('stg_atribu__profiles') }} as profiles
    on today.profile_id = profiles.profile_id
