{{ config(enabled=var('atatus')) }}

select
    project_id,
    date,
    transaction_id,
    transaction_name,
    runs,
    failures,
    {{ ratio('100.0 * (runs - failures)', 'runs') }} as success_percent,
    average_success_time,
    average_failure_time
from {{ ref('stg_atatus__transactions') }}
