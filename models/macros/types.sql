{#- An amount of money, exact to the cent: the tables hold it as a floating-point number. -#}
{%- macro money(column) -%}
cast({{ column }} as decimal(18, 2))
{%- endmacro -%}

{#- One number per another, null where there is none to divide by. -#}
{%- macro ratio(above, below) -%}
cast(({{ above }}) / nullif({{ below }}, 0) as decimal(18, 4))
{%- endmacro -%}

{#- The month of a moment in a time zone, as its first day. -#}
{%- macro month_of(moment, timezone) -%}
cast(date_trunc('month', {{ moment }} at time zone coalesce({{ timezone }}, 'UTC')) as date)
{%- endmacro -%}
