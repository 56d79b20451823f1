{{ config(enabled=var('atribu') and var('convert_to') != '') }}

with priced as (

    select
        payments.profile_id,
        payments.date,
        payments.source,
        payments.currency,
        payments.amount,
        rates.rate_date,
        rates.rate,
        row_number() over (
            partition by payments.profile_id, payments.date, payments.source, payments.currency
            order by rates.rate_date desc
        ) as place
    from {{ ref('payments_daily') }} as payments
    left join {{ ref('exchange_rates') }} as rates
        on payments.currency = rates.from_currency
        and rates.to_currency = '{{ var("convert_to") }}'
        and rates.rate_date <= payments.date

)

select
    profile_id,
    date,
    source,
    currency,
    amount,
    '{{ var("convert_to") }}' as converted_currency,
    case
        when currency = '{{ var("convert_to") }}' then amount
        else {{ money('amount * rate') }}
    end as converted_amount,
    case when currency = '{{ var("convert_to") }}' then date else rate_date end as rate_date
from priced
where place = 1
