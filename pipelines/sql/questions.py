"""What the report asks the models: a question is data, and says which of them it is about.

A question whose tables are not loaded is left out; the report names it. None of them shows a person: paths that few
conversions took are left out, and no column holds an id, a name or an address of anybody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

FEW: Final = 5
"""A path that fewer conversions took is not shown: who knows one of them could make out the others."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question.

    Attributes:
        name: of the part of the report that shows the answer.
        mart: the model that is asked.
        query: of the rows `figures`, which are those of the profile and of the days of the report.
        day: the column that says which day a row is about.
        owner: the column that says whose row it is: a profile, or a parameter that the configuration names.
        monthly: that day is the first of a month.
    """

    name: str
    mart: str
    query: str
    day: str = "date"
    owner: str = "profile_id"
    monthly: bool = False


_WEEK: Final = "cast(date_trunc('week', date) as date)"

_ATRIBU: Final = (
    Question(
        name="weeks",
        mart="daily_as_of",
        query=f"""
            select {_WEEK} as week, max(currency) as currency, count(distinct date) as days,
                sum(case when figure = 'spend' then amount end) as spend,
                sum(
                    case when figure = 'attributed_revenue' then amount when figure = 'organic_revenue' then -amount end
                ) as ad_revenue,
                sum(case when figure = 'organic_revenue' then amount end) as organic_revenue,
                sum(case when figure = 'cash_revenue' then amount end) as cash_revenue
            from figures where valid_to is null group by 1 order by 1
        """,  # noqa: S608 - our own words
    ),
    Question(
        name="bridge",
        mart="revenue_bridge",
        query="""
            select sum(cash_revenue) as cash_revenue, sum(ad_revenue) as ad_revenue,
                sum(inherited_revenue) as inherited_revenue, sum(unknown_ad_revenue) as unknown_ad_revenue,
                sum(organic_revenue) as organic_revenue, sum(unattributed_revenue) as unattributed_revenue,
                sum(unexplained_revenue) as unexplained_revenue
            from figures having count(*) > 0
        """,
    ),
    Question(
        name="channel_mix",
        mart="channel_daily",
        query="""
            select channel, sum(revenue) as revenue, sum(conversions) as converted
            from figures group by channel order by 2 desc, 1
        """,
    ),
    Question(
        name="campaign_list",
        mart="campaign_daily",
        query="""
            select campaign_id, coalesce(max(campaign_name), campaign_id) as campaign, sum(spend) as spend,
                sum(revenue) as revenue, sum(conversions) as converted,
                sum(case when date < :middle then revenue else 0 end) as earlier,
                sum(case when date >= :middle then revenue else 0 end) as later
            from figures group by campaign_id order by 4 desc, 1
        """,
    ),
    Question(
        name="conversion_types",
        mart="conversions_daily",
        query=f"""
            select {_WEEK} as week, event_type, sum(conversions) as converted
            from figures group by 1, 2 order by 1, 2
        """,  # noqa: S608 - as above
    ),
    Question(
        name="paths",
        mart="conversion_paths",
        day="month",
        monthly=True,
        query=f"""
            select goal, path, sum(conversions) as converted, sum(revenue) as revenue
            from figures group by goal, path having sum(conversions) >= {FEW} order by 3 desc, 1, 2
        """,  # noqa: S608 - as above
    ),
    Question(
        name="restated",
        mart="daily_as_of",
        query="""
            select figure,
                sum(case when (valid_from is null or valid_from <= :seen) and (valid_to is null or valid_to > :seen)
                    then amount else 0 end) as before,
                sum(case when valid_to is null then amount else 0 end) as now,
                count(distinct case when valid_from > :seen then date end) as days
            from figures group by figure order by figure
        """,
    ),
)

_ATATUS: Final = (
    Question(
        name="service_weeks",
        mart="service_levels",
        owner="project_id",
        query=f"""
            select {_WEEK} as week, count(distinct date) as days, sum(runs) as runs, sum(failures) as failures
            from figures group by 1 order by 1
        """,  # noqa: S608 - as above
    ),
    Question(
        name="transaction_list",
        mart="service_levels",
        owner="project_id",
        query="""
            select project_id, max(transaction_name) as transaction, sum(runs) as runs, sum(failures) as failures
            from figures group by project_id, transaction_id order by 4 desc, 3 desc, 2
        """,
    ),
)

QUESTIONS: Final[Mapping[str, Sequence[Question]]] = {"atribu": _ATRIBU, "atatus": _ATATUS}
"""By source; the first one of each says which days are loaded."""

LOADED: Final = "select min(date) as first, max(date) as last from figures"
"""First and last day of what is loaded."""
