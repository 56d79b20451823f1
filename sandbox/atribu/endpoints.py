"""Which endpoints there are: path, scope, units, parameters and who answers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.atribu import analytics, campaigns, conversions, creative, outlook, people
from sandbox.atribu.answer import Answer
from sandbox.atribu.breakdowns import DIMENSIONS, breakdown
from sandbox.atribu.paging import Listing
from sandbox.atribu.query import Query
from sandbox.atribu.view import View

_DATES = frozenset({"date_from", "date_to"})
_HEAVY = 3
_JOURNEY = ("customers/", "/journey")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One GET endpoint; `defaults` are those that differ from the common ones of `Query`."""

    scope: str
    answer: Callable[[View, Query], Answer | Listing[Any]]
    required: frozenset[str] = _DATES
    optional: frozenset[str] = frozenset()
    units: int = 1
    defaults: dict[str, object] = field(default_factory=dict)

    @property
    def has_range(self) -> bool:
        """Tell whether the endpoint asks for dates, which `meta` then repeats."""
        return "date_from" in self.required


def _names(*names: str) -> frozenset[str]:
    return frozenset(names)


def _analytics(answer: Callable[[View, Query], Answer], *optional: str) -> Endpoint:
    return Endpoint("analytics:read", answer, optional=_names(*optional))


def _creative(answer: Callable[[View, Query], Answer], *optional: str, required: frozenset[str] = _names()) -> Endpoint:
    return Endpoint("campaigns:read", answer, required=required, optional=_names(*optional))


def _conversions(answer: Callable[[View, Query], Answer], *optional: str) -> Endpoint:
    return Endpoint("conversions:read", answer, optional=_names(*optional))


ENDPOINTS: dict[str, Endpoint] = {
    "overview": _analytics(analytics.overview, "model"),
    "timeseries": _analytics(analytics.timeseries),
    **{path: _analytics(breakdown(dimension), "limit") for path, dimension in DIMENSIONS.items()},
    "keywords": _analytics(analytics.keywords, "limit"),
    "quality": _analytics(analytics.quality),
    "attribution-coverage": _analytics(analytics.attribution_coverage, "model"),
    "realtime": Endpoint("realtime:read", analytics.realtime, required=_names()),
    "campaigns": Endpoint("campaigns:read", campaigns.campaigns, optional=_names("model", "limit", "level")),
    "campaigns/trend": Endpoint(
        "campaigns:read", campaigns.trend, required=_DATES | {"entity_ids"}, optional=_names("level")
    ),
    "top-performers": _creative(
        creative.top_performers, "window", "limit", "min_spend", "objectives", "truth_grades", "formats", "has_video"
    ),
    "creative-patterns": _creative(creative.creative_patterns, "window", "min_cluster_size"),
    "archetypes": _creative(creative.archetypes, "window"),
    "ads/funnel-diagnosis": _creative(creative.funnel_diagnosis, "window", required=_names("ad_external_id")),
    "ads/compare": _creative(creative.compare, "window", "top_n", required=_names("ad_a", "ad_b")),
    "ads/trajectory": _creative(outlook.trajectory, "window", "days_back", required=_names("ad_external_id")),
    "ads/forecast": _creative(outlook.forecast, "score_window", required=_names("ad_external_id")),
    "ads/fatigue-risk": Endpoint(
        "campaigns:read",
        outlook.fatigue_risk,
        required=_names(),
        optional=_names("score_window", "top", "min_spend"),
        defaults={"min_spend": 100.0},
    ),
    "forecast-outlook": _creative(outlook.forecast_outlook, "score_window"),
    "conversions": _conversions(conversions.conversions),
    "conversions/timeseries": _conversions(conversions.conversions_timeseries),
    "revenue": _conversions(conversions.revenue, "model"),
    "revenue/cash": _conversions(conversions.cash),
    "goals": Endpoint("conversions:read", conversions.goals, required=_names()),
    "customers": Endpoint(
        "customers:read",
        people.customers,
        required=_DATES | {"goal"},
        optional=_names("search", "limit", "cursor_time", "cursor_id"),
        units=_HEAVY,
    ),
    "visitors": Endpoint(
        "visitors:read",
        people.visitors,
        optional=_names("search", "limit", "cursor_time", "cursor_id"),
        units=_HEAVY,
    ),
}

JOURNEY = Endpoint(
    "customers:read", people.journey, required=_names(), optional=_names("cursor", "limit"), units=_HEAVY
)


def find(path: str) -> tuple[Endpoint, str] | None:
    """Find the endpoint of a path below `/api/v1/`, with the id that the path names (empty when it names none)."""
    if path in ENDPOINTS:
        return ENDPOINTS[path], ""
    head, tail = _JOURNEY
    parent = path.removeprefix(head).removesuffix(tail)
    if parent and "/" not in parent and path == head + parent + tail:
        return JOURNEY, parent
    return None
