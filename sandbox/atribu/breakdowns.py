"""Answers of the seven breakdown endpoints (section 2.3 of the contract)."""

from collections.abc import Callable

from sandbox.atribu.answer import Answer, Row, money, percent
from sandbox.atribu.query import Query
from sandbox.atribu.view import View

DIMENSIONS = {
    "channels": "channel",
    "pages": "page",
    "countries": "visitor.country",
    "devices": "visitor.device",
    "browsers": "visitor.browser",
    "os": "visitor.os",
    "referrers": "referrer",
}


def breakdown(dimension: str) -> Callable[[View, Query], Answer]:
    """Make the answer of the endpoint that breaks down by `dimension`, an attribute of a visit."""

    def answer(view: View, query: Query) -> Answer:
        credit = _credit(view, query, dimension)
        rows = _old_rows(view, query, dimension, credit) if query.is_old else _new_rows(credit)
        return Answer(query.cut(rows))

    return answer


def _credit(view: View, query: Query, dimension: str) -> dict[str, tuple[int, int]]:
    credit: dict[str, tuple[int, int]] = {}
    for day in view.clip(query.first, query.last):
        for value, (count, cash) in view.credited(day, dimension).items():
            counted, earned = credit.get(value, (0, 0))
            credit[value] = counted + count, earned + cash
    return credit


def _new_rows(credit: dict[str, tuple[int, int]]) -> list[Row]:
    ranked = sorted(credit.items(), key=lambda item: (-item[1][1], -item[1][0], item[0]))
    return [{"value": value, "conversions": count, "revenue": money(cash)} for value, (count, cash) in ranked]


def _old_rows(view: View, query: Query, dimension: str, credit: dict[str, tuple[int, int]]) -> list[Row]:
    groups = [view.traffic(day, dimension) for day in view.clip(query.first, query.last)]
    ranked = []
    for value in set(credit).union(*groups):
        days = [group[value] for group in groups if value in group]
        visitors = len(set().union(*(day.visitors for day in days)))
        visits = sum(day.visits for day in days)
        conversions, cash = credit.get(value, (0, 0))
        row: Row = {
            "value": value,
            "visitors": visitors,
            "visits": visits,
            "pageviews": sum(day.pageviews for day in days),
            "bounce_rate": percent(sum(day.bounces for day in days), visits),
            "conversions": conversions,
            "conversion_rate": percent(conversions, visits),
            "revenue": money(cash),
        }
        ranked.append((-visitors, value, row))
    return [row for _, _, row in sorted(ranked, key=lambda item: item[:2])]
