{{ config(enabled=var('atribu')) }}

select
    profile_id,
    date,
    event_type,
    count as conversions
from {{ source('atribu', 'conversions_timeseries') }}
