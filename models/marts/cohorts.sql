{{ config(enabled=var('atribu') and var('personal'), materialized='view') }}

with payments as (

    select distinct
        customers.profile_id,
        customers.customer_profile_id,
        customers.conversion_id,
        {{ money('customers.revenue') }} as amount,
        {{ month_of('customers.conversion_time', 'profiles.timezone') }} as month
    from {{ source('atribu_pii', 'customers') }} as customers
    left join {{ ref('stg_atribu__profiles') }} as profiles
        on customers.profile_id = profiles.profile_id
    where customers.revenue_type = 'cash' and customers.customer_profile_id is not null

)

, firsts as (

    select
        profile_id,
        customer_profile_id,
        min(month) as cohort
    from payments
    group by profile_id, customer_profile_id

)

select
    payments.profile_id,
    firsts.cohort,
    cast(
        (extract(year from payments.month) - extract(year from firsts.cohort)) * 12
        + extract(month from payments.month) - extract(month from firsts.cohort) as integer
    ) as months_later,
    count(distinct payments.customer_profile_id) as customers,
    count(*) as payments,
    sum(payments.amount) as revenue
from payments
inner join firsts
    on payments.profile_id = firsts.profile_id
    and payments.customer_profile_id = firsts.customer_profile_id
group by payments.profile_id, firsts.cohort, 3
