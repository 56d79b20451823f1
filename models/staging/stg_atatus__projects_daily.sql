{{ config(enabled=var('atatus')) }}

select
    project_id,
    date,
    total_count as runs,
    failure_count as failures
from {{ source('atatus', 'transaction_stats') }}
where grain = 'day'
