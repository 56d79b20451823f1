{{ config(enabled=var('atribu')) }}

select
    profile_id,
    profile_name,
    timezone,
    reporting_currency as currency
from {{ source('atribu', 'profile') }}
