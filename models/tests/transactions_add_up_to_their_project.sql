{{ config(enabled=var('atatus')) }}

-- the transactions of a project's day add up to the project's own figures
with transactions as (

    select
        project_id,
        date,
        sum(runs) as runs,
        sum(failures) as failures
    from {{ ref('service_levels') }}
    group by project_id, date

)

select
    projects.project_id,
    projects.date
from {{ ref('stg_atatus__projects_daily') }} as projects
full outer join transactions
    on projects.project_id = transactions.project_id and projects.date = transactions.date
where coalesce(projects.runs, 0) <> coalesce(transactions.runs, 0)
    or coalesce(projects.failures, 0) <> coalesce(transactions.failures, 0)
