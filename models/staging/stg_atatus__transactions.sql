{{ config(enabled=var('atatus')) }}

select
    project_id,
    date,
    id as transaction_id,
    name as transaction_name,
    total_count as runs,
    failure_count as failures,
    success_time as average_success_time,
    failure_time as average_failure_time
from {{ source('atatus', 'transactions') }}
where grain = 'day'
