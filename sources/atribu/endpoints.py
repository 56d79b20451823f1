"""The Atribu catalogue: one row per read endpoint; adding an endpoint is one row plus its columns.

Two generations of the answers exist. Fields that only one of them sends say so; where a server does not send a field,
it is null. Facts that the vendor does not document are listed under "Unverified" in this folder's README.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Final

from sources.atribu import columns
from sources.atribu.api import ANALYTICS, CAMPAIGNS, CAPPED, CONVERSIONS, HEAVY, LIMIT, SPEC
from sources.atribu.creative_endpoints import CREATIVE
from sources.rest.catalogue.columns import text
from sources.rest.catalogue.endpoints import Endpoint, Kind
from sources.rest.catalogue.relations import ChildList, Count, Cursor, Doubt, ForEach, Levels, Parents

_DOCS: Final = "https://www.atribu.app/docs/api"
_TOUCHES: Final = (
    ChildList(name="touch_channels", description="Channels touched, in order.", columns=(text("value", "Channel."),)),
)


_LEVELS: Final = Levels(
    param="level",
    top="campaign",
    named_by=("campaign_id", "campaign_name"),
    own={
        "ad_set": (("ad_set_id", "adset_id", "entity_id", "id"), ("ad_set_name", "adset_name", "entity_name", "name")),
        "ad": (("ad_id", "entity_id", "id"), ("ad_name", "entity_name", "name")),
    },
)
"""The document has the six fields of a campaign at every level; each server is asked what it names rows by."""


# what several rows have in common
_conversions: Final = partial(Endpoint, scope=CONVERSIONS, docs_url=f"{_DOCS}/conversions")
_people: Final = partial(Endpoint, units=HEAVY, params=CAPPED, default=False)


def _breakdown(name: str, value: str) -> Endpoint:
    return Endpoint(
        name=name,
        path=f"/{name}",
        kind=Kind.AGGREGATE,
        scope=ANALYTICS,
        description=f"Conversions and revenue by {value[0].lower()}{value[1:]}",
        docs_url=f"{_DOCS}/breakdowns",
        columns=columns.breakdown(value),
        params=CAPPED,
        cap=LIMIT,
    )


def _trend(name: str, level: str, column: str) -> Endpoint:
    entity = level.replace("_", " ")
    return Endpoint(
        name=name,
        path="/campaigns/trend",
        kind=Kind.SERIES,
        scope=CAMPAIGNS,
        description=f"Spend, impressions and clicks per day and {entity}.",
        docs_url=SPEC,
        columns=columns.trend(entity),
        # campaigns are what is meant where no level is sent
        params={} if level == _LEVELS.top else {"level": level},
        for_each=ForEach(
            params=("entity_ids",),
            endpoint="campaigns",
            column=column,
            where={"level": level},
            separator=",",
            per_call=50,
        ),
        default=level == _LEVELS.top,
    )


_ROWS: Final = (
    Endpoint(
        name="timeseries",
        path="/timeseries",
        kind=Kind.SERIES,
        scope=ANALYTICS,
        description="Cash revenue and spend per day.",
        docs_url=f"{_DOCS}/timeseries",
        columns=columns.TIMESERIES,
    ),
    _conversions(
        name="revenue",
        path="/revenue",
        kind=Kind.SERIES,
        description="Attributed revenue, organic revenue and spend per day.",
        columns=columns.REVENUE,
        variant_columns=(columns.MODEL,),
    ),
    _conversions(
        name="conversions_timeseries",
        path="/conversions/timeseries",
        kind=Kind.SERIES,
        description="Conversions per day and type.",
        columns=columns.CONVERSIONS_TIMESERIES,
    ),
    _trend("campaigns_trend", "campaign", "campaign_id"),
    _trend("ad_sets_trend", "ad_set", "ad_set_id"),
    _trend("ads_trend", "ad", "ad_id"),
    Endpoint(
        name="overview",
        path="/overview",
        kind=Kind.AGGREGATE,
        scope=ANALYTICS,
        description="Key figures of the window.",
        docs_url=f"{_DOCS}/overview",
        columns=columns.OVERVIEW,
        rows="data.current",
        single=True,
        ignored=("previous",),
        variant_columns=(columns.MODEL,),
    ),
    _breakdown("channels", "Traffic channel, such as Paid Social or Direct."),
    _breakdown("pages", "Page path."),
    _breakdown("countries", "Country, ISO 3166-1 alpha-2."),
    _breakdown("devices", "Device type: desktop, mobile or tablet."),
    _breakdown("browsers", "Browser name."),
    _breakdown("os", "Operating system."),
    _breakdown("referrers", "Referrer domain."),
    Endpoint(
        name="keywords",
        path="/keywords",
        kind=Kind.AGGREGATE,
        scope=ANALYTICS,
        description="Google search terms.",
        docs_url=f"{_DOCS}/visitors",
        columns=columns.KEYWORDS,
        params=CAPPED,
        cap=LIMIT,
    ),
    Endpoint(
        name="quality",
        path="/quality",
        kind=Kind.AGGREGATE,
        scope=ANALYTICS,
        description="How well events are tracked.",
        docs_url=f"{_DOCS}/visitors",
        columns=columns.QUALITY,
        single=True,
    ),
    Endpoint(
        name="attribution_coverage",
        path="/attribution-coverage",
        kind=Kind.AGGREGATE,
        description="How far cash conversions trace to an ad.",
        docs_url=SPEC,
        columns=columns.ATTRIBUTION_COVERAGE,
        single=True,
        nullable=True,
        ignored=("model",),
        variant_columns=(columns.MODEL,),
    ),
    Endpoint(
        name="campaigns",
        path="/campaigns",
        kind=Kind.AGGREGATE,
        scope=CAMPAIGNS,
        description="Spend and attributed outcomes per campaign, ad set or ad.",
        docs_url=f"{_DOCS}/campaigns",
        columns=columns.CAMPAIGNS,
        variant_columns=(columns.MODEL, columns.LEVEL),
        params=CAPPED,
        cap=LIMIT,
        levels=_LEVELS,
        unique=False,  # below the level of campaigns several rows may share one
        sum_by=("campaign_id", "ad_set_id", "ad_id"),
    ),
    _conversions(
        name="revenue_cash",
        path="/revenue/cash",
        kind=Kind.AGGREGATE,
        description="Confirmed payments by source and currency.",
        columns=columns.REVENUE_CASH,
    ),
    _conversions(
        name="conversions",
        path="/conversions",
        kind=Kind.AGGREGATE,
        description="Conversions by type; conversions_timeseries holds the same numbers for fewer units.",
        columns=columns.CONVERSIONS,
        default=False,
    ),
    Endpoint(
        name="goals",
        path="/goals",
        kind=Kind.SNAPSHOT,
        description="Conversion goals of the profile.",
        docs_url=SPEC,
        columns=columns.GOALS,
        lists=(
            ChildList(
                name="source_event_names",
                description="Events that count towards the goal.",
                columns=(text("value", "Name of the event."),),
            ),
        ),
    ),
    Endpoint(
        name="realtime",
        path="/realtime",
        kind=Kind.LIVE,
        scope="realtime:read",
        description="Visitors online at the moment of the run.",
        docs_url=f"{_DOCS}/visitors",
        columns=columns.REALTIME,
        single=True,
        default=False,
    ),
    *CREATIVE,
    _people(
        name="customers",
        path="/customers",
        kind=Kind.ENTITY,
        scope="customers:read",
        description="Conversions with the person behind them.",
        docs_url=f"{_DOCS}/customers",
        columns=columns.CUSTOMERS,
        lists=_TOUCHES,
        variant_columns=(columns.GOAL,),
        cursor=Cursor(params=("cursor_time", "cursor_id"), fields=("conversion_time", "conversion_id")),
        counted_by=Count(endpoint="conversions_timeseries", metric="count", column="event_type", param="goal"),
    ),
    _people(
        name="visitors",
        path="/visitors",
        kind=Kind.ENTITY,
        scope="visitors:read",
        description="Visitors, known and anonymous.",
        docs_url=f"{_DOCS}/visitors",
        columns=columns.VISITORS,
        lists=_TOUCHES,
        cursor=Cursor(params=("cursor_time", "cursor_id"), fields=("last_seen_at", "visitor_id")),
    ),
    _people(
        name="journeys",
        path="/customers/{id}/journey",
        kind=Kind.DETAIL,
        scope="customers:read",
        description="Events of one person.",
        docs_url=f"{_DOCS}/customers",
        columns=columns.JOURNEY,
        cursor=Cursor(params=("cursor",)),
        parents=Parents(
            param="id",
            column="customer_profile_id",
            signature={
                "customers": ("conversion_time", "touch_count"),
                "visitors": ("last_seen_at",),
            },
            summed={"customers": ("touch_count", "revenue"), "visitors": ()},
            largest={"customers": ("conversion_count", "total_revenue")},
            endpoint="customers",
            rank_by=("total_revenue", "conversion_time"),
        ),
    ),
)

DISCOVERED: Final = {columns.GOAL.name: ("goals", "conversion_key")}
"""Query parameter -> endpoint and column that list its values."""

DOUBTFUL: Final = {
    "model": Doubt(
        sure=("last_touch", "first_touch", "linear", "time_decay", "last_non_direct"), refused="the API refuses it"
    ),
    "level": Doubt(sure=("campaign",), refused="nothing in the API's answer tells its rows apart"),
}
"""Query parameter -> values that not every server takes: https://www.atribu.app/docs/api/overview has more models than
the newer document, and neither says how rows below campaigns are named."""

ENDPOINTS: Final[Mapping[str, Endpoint]] = {row.name: replace(row, tenant=columns.PROFILE_ID) for row in _ROWS}
"""Every read endpoint of the contract whose body is typed, by resource name."""


def asked_with(*, separator: str, per_call: int, days_back: int) -> Mapping[str, Endpoint]:
    """Return the catalogue with another way of asking for several entities in one call, and for the past of an ad.

    Separator and maximum of `entity_ids` are not documented.
    """

    def asked(row: Endpoint) -> Endpoint:
        if row.for_each and row.for_each.separator is not None:
            return replace(row, for_each=replace(row.for_each, separator=separator, per_call=per_call))
        return replace(row, params={**row.params, "days_back": str(days_back)}) if "days_back" in row.params else row

    return {name: asked(row) for name, row in ENDPOINTS.items()}
