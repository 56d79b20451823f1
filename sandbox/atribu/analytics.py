"""Answers of the analytics endpoints that are one object or a daily series (section 2 of the contract)."""

from collections import defaultdict

from sandbox.atribu.answer import Answer, Row, day_name, money, percent, ratio
from sandbox.atribu.events import GOALS, REPORTING_CURRENCY
from sandbox.atribu.query import Query
from sandbox.atribu.totals import Totals, add_up
from sandbox.atribu.traffic import EPOCH, MINUTES_PER_DAY
from sandbox.atribu.view import View

_ONLINE_MINUTES = 5
_CREDITED_BUCKETS = ("ad_attributed", "inherited", "organic_direct")


def overview(view: View, query: Query) -> Answer:
    """Answer `/overview`: key figures of the range and of the range of equal length right before it."""
    length = query.last - query.first + 1
    return Answer(
        {
            "current": _key_figures(view, query, query.first, query.last),
            "previous": _key_figures(view, query, query.first - length, query.first - 1),
        }
    )


def _key_figures(view: View, query: Query, first: int, last: int) -> Row:
    totals = add_up(view, first, last, model=query.model, with_traffic=query.is_old)
    figures: Row = {
        "spend": money(totals.spend),
        "revenue": money(totals.attributed),
        "roas": ratio(totals.attributed, totals.spend),
        "outcomes": totals.outcomes,
        "attributed_outcomes": totals.attributed_outcomes,
        "coverage_percent": percent(totals.attributed_outcomes, totals.outcomes),
        "cash_revenue": money(totals.cash),
        "cash_payments": totals.cash_payments,
    }
    if query.is_old:
        return figures | _traffic_figures(totals)
    return figures | {"organic_direct_revenue": money(totals.organic)}


def _traffic_figures(totals: Totals) -> Row:
    return {
        "visitors": len(totals.visitors),
        "pageviews": totals.pageviews,
        "bounce_rate": percent(totals.bounces, totals.visits),
        "avg_engaged_seconds": ratio(totals.engaged_seconds, totals.visits),
    }


def timeseries(view: View, query: Query) -> Answer:
    """Answer `/timeseries`: one row per day."""
    rows = []
    for day in range(query.first, query.last + 1):
        totals = add_up(view, day, day, with_traffic=query.is_old)
        if totals.is_empty and not query.zero_fill:
            continue
        row: Row = {"date": day_name(day), "cash_revenue": money(totals.cash), "spend": money(totals.spend)}
        if query.is_old:
            row |= {"visitors": len(totals.visitors), "pageviews": totals.pageviews, "bounces": totals.bounces}
        rows.append(row)
    return Answer(rows)


def keywords(view: View, query: Query) -> Answer:
    """Answer `/keywords`: search console figures by keyword, most clicks first; `ctr` is a percentage."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for day in view.clip(query.first, query.last):
        for found in view.keywords(day):
            total = sums[found.keyword]
            total[0] += found.impressions
            total[1] += found.clicks
            total[2] += found.position_sum
    ranked = sorted(sums.items(), key=lambda item: (-item[1][1], -item[1][0], item[0]))
    rows: list[Row] = [
        {
            "keyword": keyword,
            "impressions": impressions,
            "clicks": clicks,
            "ctr": percent(clicks, impressions),
            "avg_position": ratio(positions, impressions),
        }
        for keyword, (impressions, clicks, positions) in ranked
    ]
    return Answer(query.cut(rows))


def quality(view: View, query: Query) -> Answer:
    """Answer `/quality`: how many page views came with campaign tracking."""
    events = {"full_utms": 0, "fbclid_only": 0, "no_tracking": 0}
    for day in view.clip(query.first, query.last):
        for tracking, group in view.traffic(day, "tracking").items():
            events[tracking] += group.pageviews
    total = sum(events.values())
    return Answer(
        {
            "total_events": total,
            "with_full_utms": events["full_utms"],
            "with_fbclid_only": events["fbclid_only"],
            "with_no_tracking": events["no_tracking"],
            "coverage_percent": percent(total - events["no_tracking"], total),
        }
    )


def attribution_coverage(view: View, query: Query) -> Answer:
    """Answer `/attribution-coverage`: cash conversions by how far they trace to an ad; `null` when there are none.

    An ad seen on the conversion's own day is `ad_attributed`, on an earlier day `inherited`. Every ad of this world
    is known, so `dangling_ad` stays empty.
    """
    totals = add_up(view, query.first, query.last, model=query.model, with_traffic=False)
    if not totals.cash_payments:
        return Answer(None)
    counts, values = dict.fromkeys(_CREDITED_BUCKETS, 0), dict.fromkeys(_CREDITED_BUCKETS, 0)
    for day in view.clip(query.first, query.last):
        for conversion, visit, count, value in view.credits(day, query.model):
            if GOALS[conversion.goal] == "cash":
                same_day = "ad_attributed" if visit.day == day else "inherited"
                bucket = same_day if visit.ad else "organic_direct"
                counts[bucket] += count
                values[bucket] += value
    buckets: Row = {bucket: {"count": counts[bucket], "value": money(values[bucket])} for bucket in counts}
    buckets["dangling_ad"] = {"count": 0, "value": 0}
    untouched = totals.cash - totals.attributed
    buckets["unattributed"] = {"count": totals.cash_payments - sum(counts.values()), "value": money(untouched)}
    traced_count = counts["ad_attributed"] + counts["inherited"]
    traced_value = values["ad_attributed"] + values["inherited"]
    return Answer(
        {
            "model": query.model,
            "currency": REPORTING_CURRENCY,
            "total": {"count": totals.cash_payments, "value": money(totals.cash)},
            "buckets": buckets,
            "traceable_pct_by_count": percent(traced_count, totals.cash_payments),
            "traceable_pct_by_value": percent(traced_value, totals.cash),
        }
    )


def realtime(view: View, _query: Query) -> Answer:
    """Answer `/realtime`: visitors of the last five minutes; it is always the last minute of today."""
    now = (view.last + 1 - EPOCH) * MINUTES_PER_DAY
    days = view.clip(view.last, view.last)
    online = {visit.visitor for day in days for visit in view.visits(day) if visit.at >= now - _ONLINE_MINUTES}
    return Answer({"visitors_online": len(online)})
