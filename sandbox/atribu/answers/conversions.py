"""Answers about conversions, revenue and goals (section 4 of the contract)."""

from sandbox.atribu.answers.shapes import day_name, money, units
from sandbox.atribu.facts.events import GOALS, MICROS_PER_CENT, UNITS_PER_USD
from sandbox.atribu.facts.figures import NOTHING, converted, everything
from sandbox.atribu.facts.view import View
from sandbox.atribu.parameters import Query
from sandbox.server.replies import Row
from sandbox.worlds.chance import make_uuid, seeded
from sandbox.worlds.sums import ranked


def conversions(view: View, query: Query) -> list[Row]:
    """Answer `/conversions`: conversions by type, most frequent first."""
    by_goal = converted(view, query.days(view), "goal")
    return [{"event_type": goal, "count": sums.outcomes} for goal, sums in ranked(by_goal, "outcomes")]


def conversions_timeseries(view: View, query: Query) -> list[Row]:
    """Answer `/conversions/timeseries`: one row per day and type; zero filling names every goal on every day."""
    rows: list[Row] = []
    for day in range(query.first, query.last + 1):
        by_goal = converted(view, view.clip(day, day), "goal")
        rows += [
            {"date": day_name(day), "event_type": goal, "count": by_goal.get(goal, NOTHING).outcomes}
            for goal in GOALS
            if goal in by_goal or query.zero_fill
        ]
    return rows


def revenue(view: View, query: Query) -> list[Row]:
    """Answer `/revenue`: attributed cash, its organic part and spend by day."""
    rows = []
    for day in range(query.first, query.last + 1):
        sums = everything(view, view.clip(day, day), query.model)
        if sums.spend or sums.revenue or query.zero_fill:
            rows.append(
                {
                    "date": day_name(day),
                    "revenue": money(sums.revenue),
                    "organic_direct_revenue": money(sums.organic),
                    "spend": money(sums.spend),
                }
            )
    return rows


def cash(view: View, query: Query) -> list[Row]:
    """Answer `/revenue/cash`: cash by payment source and currency, in the row's own currency."""
    rows: list[Row] = []
    for (source, currency), sums in ranked(converted(view, query.days(view), "payment")):
        if sums.payments:
            cents = sums.cash // MICROS_PER_CENT * UNITS_PER_USD[currency]
            rows.append({"source": source, "currency": currency, "total": units(cents), "count": sums.payments})
    return rows


def goals(_view: View, _query: Query) -> list[Row]:
    """Answer `/goals`: the default goals; `contact_reply` never happens in this world."""
    return [
        {
            "id": make_uuid(seeded("goal", key)),
            "display_name": key.replace("_", " ").capitalize(),
            "conversion_key": key,
            "source_event_names": [key],
            "revenue_type": revenue_type,
            "attribution_eligible": True,
        }
        for key, revenue_type in GOALS.items()
    ]
