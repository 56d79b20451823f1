"""Answers of the analytics endpoints (section 2 of the contract)."""

from collections import defaultdict
from collections.abc import Callable
from operator import attrgetter

from sandbox.atribu.answers.shapes import day_name, money, percent, ratio
from sandbox.atribu.facts.attribution import TRACES
from sandbox.atribu.facts.events import REPORTING_CURRENCY, TRACKING, Visitor
from sandbox.atribu.facts.figures import NOBODY, NOTHING, Figures, credited, everything, searched, traffic, visited
from sandbox.atribu.facts.view import View
from sandbox.atribu.parameters import Query
from sandbox.server.replies import Row
from sandbox.worlds.days import midnight
from sandbox.worlds.sums import ranked

DIMENSIONS = {
    "channels": "channel",
    "pages": "page",
    "countries": "visitor.country",
    "devices": "visitor.device",
    "browsers": "visitor.browser",
    "os": "visitor.os",
    "referrers": "referrer",
}
_ONLINE_MINUTES = 5


def overview(view: View, query: Query) -> Row:
    """Answer `/overview`: key figures of the range and of the range of equal length right before it."""
    length = query.last - query.first + 1
    return {
        "current": _key_figures(view, query, query.first, query.last),
        "previous": _key_figures(view, query, query.first - length, query.first - 1),
    }


def _key_figures(view: View, query: Query, first: int, last: int) -> Row:
    days = view.clip(first, last)
    sums = everything(view, days, query.model)
    row: Row = {
        "spend": money(sums.spend),
        "revenue": money(sums.revenue),
        "roas": ratio(sums.revenue, sums.spend),
        "outcomes": sums.outcomes,
        "attributed_outcomes": sums.credited,
        "coverage_percent": percent(sums.credited, sums.outcomes),
        "cash_revenue": money(sums.cash),
        "cash_payments": sums.payments,
    }
    if not query.is_old:
        return row | {"organic_direct_revenue": money(sums.organic)}
    visits = traffic(view, days)
    return row | {
        "visitors": len(view.visitors(days)),
        "pageviews": visits.pageviews,
        "bounce_rate": percent(visits.bounces, visits.visits),
        "avg_engaged_seconds": ratio(visits.engaged_seconds, visits.visits),
    }


def timeseries(view: View, query: Query) -> list[Row]:
    """Answer `/timeseries`: one row per day."""
    rows = []
    for day in range(query.first, query.last + 1):
        days = view.clip(day, day)
        sums = everything(view, days, query.model)
        visits = traffic(view, days) if query.is_old else NOBODY
        if sums.spend or sums.outcomes or visits.visits or query.zero_fill:
            row: Row = {"date": day_name(day), "cash_revenue": money(sums.cash), "spend": money(sums.spend)}
            if query.is_old:
                row |= {"visitors": len(view.visitors(days)), "pageviews": visits.pageviews, "bounces": visits.bounces}
            rows.append(row)
    return rows


def breakdown(dimension: str) -> Callable[[View, Query], list[Row]]:
    """Make the answer of the endpoint that breaks down by `dimension`, an attribute of a visit."""

    def answer(view: View, query: Query) -> list[Row]:
        days = query.days(view)
        earned = credited(view, days, "last_touch", f"visit.{dimension}")
        if query.is_old:
            return query.cut(_with_visits(view, days, dimension, earned))
        return query.cut(
            [
                {"value": value, "conversions": sums.credited, "revenue": money(sums.revenue)}
                for value, sums in ranked(earned, "revenue", "credited")
            ]
        )

    return answer


def _with_visits(view: View, days: range, dimension: str, earned: dict[str, Figures]) -> list[Row]:
    value_of = attrgetter(dimension)
    visitors: defaultdict[str, set[Visitor]] = defaultdict(set)
    for day in days:
        for visit in view.visits(day):
            visitors[value_of(visit)].add(visit.visitor)
    visits = visited(view, days, dimension)
    rows: list[Row] = []
    for value in sorted(visits.keys() | earned.keys(), key=lambda value: (-len(visitors[value]), value)):
        seen, won = visits.get(value, NOBODY), earned.get(value, NOTHING)
        rows.append(
            {
                "value": value,
                "visitors": len(visitors[value]),
                "visits": seen.visits,
                "pageviews": seen.pageviews,
                "bounce_rate": percent(seen.bounces, seen.visits),
                "conversions": won.credited,
                "conversion_rate": percent(won.credited, seen.visits),
                "revenue": money(won.revenue),
            }
        )
    return rows


def keywords(view: View, query: Query) -> list[Row]:
    """Answer `/keywords`: search console figures by keyword, most clicks first; `ctr` is a percentage."""
    rows: list[Row] = [
        {
            "keyword": keyword,
            "impressions": sums.impressions,
            "clicks": sums.clicks,
            "ctr": percent(sums.clicks, sums.impressions),
            "avg_position": ratio(sums.positions, sums.impressions),
        }
        for keyword, sums in ranked(searched(view, query.days(view)), "clicks", "impressions")
    ]
    return query.cut(rows)


def quality(view: View, query: Query) -> Row:
    """Answer `/quality`: how many page views came with campaign tracking."""
    found = visited(view, query.days(view), "tracking")
    events = {tracking: found.get(tracking, NOBODY).pageviews for tracking in TRACKING}
    count = sum(events.values())
    return {
        "total_events": count,
        **{f"with_{tracking}": pageviews for tracking, pageviews in events.items()},
        "coverage_percent": percent(count - events["no_tracking"], count),
    }


def attribution_coverage(view: View, query: Query) -> Row | None:
    """Answer `/attribution-coverage`: cash conversions by how far they trace to an ad; `null` when there are none.

    Every ad of this world is known, so `dangling_ad` stays empty.
    """
    days = query.days(view)
    sums = everything(view, days, query.model)
    if not sums.payments:
        return None
    found = credited(view, days, query.model, "traced_to")
    buckets = {name: _bucket(found.get(name, NOTHING)) for name in TRACES}
    organic = found.get("organic_direct", NOTHING)
    buckets["dangling_ad"] = {"count": 0, "value": 0}
    untouched = {"count": sums.payments - sums.credited_payments, "value": money(sums.cash - sums.revenue)}
    return {
        "model": query.model,
        "currency": REPORTING_CURRENCY,
        "total": {"count": sums.payments, "value": money(sums.cash)},
        "buckets": buckets | {"unattributed": untouched},
        "traceable_pct_by_count": percent(sums.credited_payments - organic.credited_payments, sums.payments),
        "traceable_pct_by_value": percent(sums.revenue - organic.revenue, sums.cash),
    }


def _bucket(sums: Figures) -> Row:
    return {"count": sums.credited_payments, "value": money(sums.revenue)}


def realtime(view: View, _query: Query) -> Row:
    """Answer `/realtime`: visitors of the last five minutes; it is always the last minute of today."""
    now = midnight(view.last + 1)
    days = view.clip(view.last, view.last)
    online = {visit.visitor for day in days for visit in view.visits(day) if visit.at >= now - _ONLINE_MINUTES}
    return {"visitors_online": len(online)}
