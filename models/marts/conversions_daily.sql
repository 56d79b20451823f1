{{ config(enabled=var('atribu')) }}

select
    profile_id,
    date,
    event_type,
    conversions
from {{ ref('stg_atribu__conversions') }}
