"""Answers about conversions, revenue and goals (section 4 of the contract)."""

from collections import Counter

from sandbox.atribu.answer import Answer, Row, day_name, money
from sandbox.atribu.events import GOALS
from sandbox.atribu.query import Query
from sandbox.atribu.totals import add_up
from sandbox.atribu.view import View
from sandbox.dice import dice, identifier

_CENTS_PER_UNIT = 100


def conversions(view: View, query: Query) -> Answer:
    """Answer `/conversions`: conversions by type, most frequent first."""
    counts: Counter[str] = Counter()
    for day in view.clip(query.first, query.last):
        counts.update(known.conversion.goal for known in view.conversions(day))
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return Answer([{"event_type": goal, "count": count} for goal, count in ranked])


def conversions_timeseries(view: View, query: Query) -> Answer:
    """Answer `/conversions/timeseries`: one row per day and type; zero filling names every goal on every day."""
    rows = []
    held = view.clip(query.first, query.last)
    for day in range(query.first, query.last + 1) if query.zero_fill else held:
        counts = Counter(known.conversion.goal for known in view.conversions(day)) if day in held else Counter[str]()
        rows += [
            {"date": day_name(day), "event_type": goal, "count": counts[goal]}
            for goal in GOALS
            if counts[goal] or query.zero_fill
        ]
    return Answer(rows)


def revenue(view: View, query: Query) -> Answer:
    """Answer `/revenue`: attributed cash, its organic part and spend by day."""
    rows = []
    for day in range(query.first, query.last + 1):
        totals = add_up(view, day, day, model=query.model, with_traffic=False)
        if totals.spend or totals.attributed or query.zero_fill:
            rows.append(
                {
                    "date": day_name(day),
                    "revenue": money(totals.attributed),
                    "organic_direct_revenue": money(totals.organic),
                    "spend": money(totals.spend),
                }
            )
    return Answer(rows)


def cash(view: View, query: Query) -> Answer:
    """Answer `/revenue/cash`: cash by payment source and currency, in the row's own currency."""
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    for day in view.clip(query.first, query.last):
        for conversion, _ in view.conversions(day):
            if GOALS[conversion.goal] == "cash":
                key = conversion.payment_source, conversion.currency
                total, count = sums.get(key, (0, 0))
                sums[key] = total + conversion.amount, count + 1
    return Answer(
        [
            {"source": source, "currency": currency, "total": total / _CENTS_PER_UNIT, "count": count}
            for (source, currency), (total, count) in sorted(sums.items())
        ]
    )


def goals(_view: View, _query: Query) -> Answer:
    """Answer `/goals`: the default goals; `contact_reply` never happens in this world."""
    rows: list[Row] = [
        {
            "id": identifier(dice("goal", key)),
            "display_name": key.replace("_", " ").capitalize(),
            "conversion_key": key,
            "source_event_names": [key],
            "revenue_type": revenue_type,
            "attribution_eligible": True,
        }
        for key, revenue_type in GOALS.items()
    ]
    return Answer(rows)
