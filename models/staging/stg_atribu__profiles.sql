{{ config(enabled=var('atribu')) }}

select
    profile_id,
    timezone,
    reporting_currency as currency
from {{ source('atribu', 'profile') }}
