"""Which endpoints there are: path, scope, parameters, units, and who answers."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.atribu.answers import analytics, campaigns, conversions, creative, outlook, people
from sandbox.atribu.facts.view import View
from sandbox.atribu.parameters import Query

DATES = ("date_from", "date_to")
_PAGES = ("search", "limit", "cursor_time", "cursor_id")
_HEAVY = 3
_JOURNEY = ("customers/", "/journey")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One GET endpoint; it answers with `data`, or with a `Listing` that has pages.

    `defaults` are those that differ from the common ones of `Query`.
    """

    scope: str
    answer: Callable[[View, Query], object]
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    units: int = 1
    defaults: dict[str, object] = field(default_factory=dict)

    @property
    def has_range(self) -> bool:
        """Tell whether the endpoint asks for dates, which `meta` then repeats."""
        return "date_from" in self.required


ENDPOINTS: dict[str, Endpoint] = {
    "overview": Endpoint("analytics:read", analytics.overview, DATES, ("model",)),
    "timeseries": Endpoint("analytics:read", analytics.timeseries, DATES),
    **{
        path: Endpoint("analytics:read", analytics.breakdown(dimension), DATES, ("limit",))
        for path, dimension in analytics.DIMENSIONS.items()
    },
    "keywords": Endpoint("analytics:read", analytics.keywords, DATES, ("limit",)),
    "quality": Endpoint("analytics:read", analytics.quality, DATES),
    "attribution-coverage": Endpoint("analytics:read", analytics.attribution_coverage, DATES, ("model",)),
    "realtime": Endpoint("realtime:read", analytics.realtime),
    "campaigns": Endpoint("campaigns:read", campaigns.campaigns, DATES, ("model", "limit", "level")),
    "campaigns/trend": Endpoint("campaigns:read", campaigns.trend, (*DATES, "entity_ids"), ("level",)),
    "top-performers": Endpoint(
        "campaigns:read",
        creative.top_performers,
        optional=("window", "limit", "min_spend", "objectives", "truth_grades", "formats", "has_video"),
    ),
    "creative-patterns": Endpoint(
        "campaigns:read", creative.creative_patterns, optional=("window", "min_cluster_size")
    ),
    "archetypes": Endpoint("campaigns:read", creative.archetypes, optional=("window",)),
    "ads/funnel-diagnosis": Endpoint("campaigns:read", creative.funnel_diagnosis, ("ad_external_id",), ("window",)),
    "ads/compare": Endpoint("campaigns:read", creative.compare, ("ad_a", "ad_b"), ("window", "top_n")),
    "ads/trajectory": Endpoint("campaigns:read", outlook.trajectory, ("ad_external_id",), ("window", "days_back")),
    "ads/forecast": Endpoint("campaigns:read", outlook.forecast, ("ad_external_id",), ("score_window",)),
    "ads/fatigue-risk": Endpoint(
        "campaigns:read",
        outlook.fatigue_risk,
        optional=("score_window", "top", "min_spend"),
        defaults={"min_spend": 100.0},
    ),
    "forecast-outlook": Endpoint("campaigns:read", outlook.forecast_outlook, optional=("score_window",)),
    "conversions": Endpoint("conversions:read", conversions.conversions, DATES),
    "conversions/timeseries": Endpoint("conversions:read", conversions.conversions_timeseries, DATES),
    "revenue": Endpoint("conversions:read", conversions.revenue, DATES, ("model",)),
    "revenue/cash": Endpoint("conversions:read", conversions.cash, DATES),
    "goals": Endpoint("conversions:read", conversions.goals),
    "customers": Endpoint("customers:read", people.customers, (*DATES, "goal"), _PAGES, _HEAVY),
    "visitors": Endpoint("visitors:read", people.visitors, DATES, _PAGES, _HEAVY),
}
JOURNEY = Endpoint("customers:read", people.journey, optional=("cursor", "limit"), units=_HEAVY)


def find(path: str) -> tuple[Endpoint, str] | None:
    """Find the endpoint of a path below `/api/v1/`, with the id that the path names (empty when it names none)."""
    if path in ENDPOINTS:
        return ENDPOINTS[path], ""
    head, tail = _JOURNEY
    parent = path.removeprefix(head).removesuffix(tail)
    if parent and "/" not in parent and path == head + parent + tail:
        return JOURNEY, parent
    return None
