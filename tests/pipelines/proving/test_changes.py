"""Answers are compared with what is loaded, cell by cell; changed days are looked at first elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from pendulum import Date

from pipelines.planning.ledger import Ledger
from pipelines.proving.changes import Change, ChangedDays, ChangeDetector
from pipelines.storing.warehouse import Warehouse
from sources.atribu.endpoints import ENDPOINTS
from sources.rest.catalogue.columns import Measure
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.reading.answers import Answer
from sources.rest.reading.tables import build
from sources.rest.reading.tasks import Task
from sources.rest.windows import Grain, Window

TODAY = Date(2026, 3, 31)
CAMPAIGNS = ENDPOINTS["campaigns"]
FIRST, SECOND, THIRD = (date(2026, 3, day) for day in (1, 2, 3))
CHANNELS, SERIES, CASH = (ENDPOINTS[name] for name in ("channels", "conversions_timeseries", "revenue_cash"))
PAID, EMAIL = "Paid", "Email"


class Rows(Warehouse):
    """A warehouse that holds given rows, and tells those of the days that it is asked for."""

    def __init__(self, rows: Sequence[Mapping[str, Any]]) -> None:
        self._rows = rows

    def rows(self, task: Task) -> list[dict[str, Any]]:
        nothing = dict.fromkeys([column.name for column in task.endpoint.columns])
        return [{**nothing, **row} for row in self._rows if task.window and row["date"] in task.window]


def window(first: int, last: int) -> Window:
    return Window(Date(2026, 3, first), Date(2026, 3, last))


def answer(endpoint: Endpoint, asked: Window, *rows: Mapping[str, Any]) -> Answer:
    context = {"profile_id": "p1"} | ({} if endpoint.by_day else {"date": asked.start, "grain": "day"})
    tables = build(endpoint, rows, context, list(asked.dates()))
    return Answer(Task(endpoint, asked), tables, len(rows), False, frozenset(), None)


def found(old: Sequence[Mapping[str, Any]], *answers: Answer, have: Sequence[Window] = (window(1, 3),)) -> list[Change]:
    ledger = Ledger()
    for one in have:
        ledger.add(replace(answers[0].task, window=one), Grain.DAY, TODAY)
    return ChangeDetector(ledger, Rows(old), Grain.DAY).changes(answers)


def channel(
    value: str, day: date | None = None, revenue: float | None = None, views: int | None = None
) -> dict[str, Any]:
    row = {"value": value, "conversions": 0, "revenue": revenue, "pageviews": views}
    return row | ({"date": day} if day else {})


def cells(changed: Sequence[Change]) -> list[tuple[date, str, str, float | None, float | None]]:
    return [(one.date, one.key, one.metric, one.old, one.new) for one in changed]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param([channel(PAID, FIRST, 2.0, 3)], [channel(PAID, None, 2.0, 3)], [], id="equal"),
        pytest.param(
            [channel(PAID, FIRST, 2.0, 3)],
            [channel(PAID, None, 2.01, 4)],
            [(FIRST, PAID, "pageviews", 3, 4), (FIRST, PAID, "revenue", 2.0, 2.01)],
            id="restated",
        ),
        pytest.param([channel(PAID, FIRST, 2.0)], [channel(PAID, None, 2.004)], [], id="less-than-half-a-cent"),
        pytest.param(
            [channel(PAID, FIRST, 2.0), channel(EMAIL, FIRST, 5.0)],
            [channel(PAID, None, 7.0)],
            [(FIRST, EMAIL, "revenue", 5.0, None), (FIRST, PAID, "revenue", 2.0, 7.0)],
            id="moved-to-another-key",
        ),
        pytest.param(
            [], [channel(PAID, None, 0.0, 2)], [(FIRST, PAID, "pageviews", None, 2)], id="appeared-where-nothing-was"
        ),
        pytest.param([channel(PAID, FIRST, 2.0)], [], [(FIRST, PAID, "revenue", 2.0, None)], id="emptied"),
        pytest.param(
            [channel(PAID, FIRST, 2.0)], [channel(PAID)], [(FIRST, PAID, "revenue", 2.0, None)], id="not-sent-any-more"
        ),
        pytest.param(
            [channel(PAID, FIRST, 2.0), channel(PAID, SECOND, 9.0)], [channel(PAID, None, 2.0)], [], id="another-day"
        ),
    ],
)
def test_cells_that_have_another_value_are_told_with_both(
    old: list[dict[str, Any]], new: list[dict[str, Any]], expected: list[tuple[Any, ...]]
) -> None:
    assert cells(found(old, answer(CHANNELS, window(1, 1), *new))) == expected


def test_answers_over_several_windows_are_compared_day_by_day() -> None:
    old = [channel(PAID, FIRST, 1.0), channel(PAID, SECOND, 2.0), channel(PAID, THIRD, 3.0)]
    answers = [answer(CHANNELS, window(day, day), channel(PAID, None, 2.0)) for day in (3, 1)]
    assert cells(found(old, *answers)) == [(FIRST, PAID, "revenue", 1.0, 2.0), (THIRD, PAID, "revenue", 3.0, 2.0)]


def test_a_day_that_was_not_loaded_cannot_have_changed() -> None:
    answers = [answer(CHANNELS, window(day, day), channel(PAID, None, 2.0)) for day in (1, 2, 3)]
    assert [one.date for one in found([], *answers, have=[window(1, 1), window(3, 3)])] == [FIRST, THIRD]
    assert found([], *answers, have=[]) == []


def test_rows_of_a_series_are_compared_by_their_own_day_and_type() -> None:
    old = [{"date": day, "event_type": "lead", "count": 4} for day in (FIRST, SECOND)]
    new = [
        {"date": "2026-03-01", "event_type": "lead", "count": 5},
        {"date": "2026-03-02", "event_type": "lead", "count": 4},
        {"date": "2026-03-03", "event_type": "call", "count": 1},
    ]
    assert cells(found(old, answer(SERIES, window(1, 3), *new))) == [
        (FIRST, "lead", "count", 4, 5),
        (THIRD, "call", "count", None, 1),
    ]


def test_a_key_of_several_columns_is_told_as_one_text_and_rows_that_share_it_as_their_sum() -> None:
    row = {"source": "stripe", "currency": "EUR", "total": 2.0, "count": 1}
    old = [row | {"date": FIRST}, row | {"date": FIRST, "total": 3.0}]
    assert cells(found(old, answer(CASH, window(1, 1), row | {"total": 6.0, "count": 2}))) == [
        (FIRST, "stripe / EUR", "total", 5.0, 6.0)
    ]


def test_a_rate_is_compared_where_one_row_has_it_and_not_as_a_sum() -> None:
    row = {"campaign_id": "c1", "spend": 2.0, "roas": 1.5}
    old, new = row | {"date": FIRST}, answer(CAMPAIGNS, window(1, 1), row | {"roas": 0.5})
    assert cells(found([old], new)) == [(FIRST, "c1", "roas", 1.5, 0.5)]
    assert cells(found([old, old | {"spend": 0.0}], new)) == []


def change(day: date, metric: str, old: float | None, new: float | None, endpoint: Endpoint = CHANNELS) -> Change:
    return Change(Task(endpoint), day, PAID, metric, old, new)


@pytest.mark.parametrize(
    ("old", "new", "size"),
    [
        pytest.param(2.0, 5.0, 3.0, id="more"),
        pytest.param(5.0, 2.0, 3.0, id="less"),
        pytest.param(None, 2.0, 2.0, id="appeared"),
        pytest.param(2.0, None, 2.0, id="vanished"),
    ],
)
def test_the_size_of_a_change_is_how_far_its_value_moved(old: float | None, new: float | None, size: float) -> None:
    assert change(FIRST, "revenue", old, new).size == size


def test_what_moved_is_told_by_measure_and_day_with_its_amounts_and_totals() -> None:
    changed_days = ChangedDays()
    changed_days.add([change(FIRST, "revenue", 1.0, 3.0), change(SECOND, "revenue", 9.0, 4.0)])
    changed_days.add([change(THIRD, "conversions", 0.0, 4.0), change(FIRST, "revenue", 3.0, None)])
    changed_days.add([change(SECOND, "pageviews", None, 7), change(THIRD, "spend", 2.0, None, ENDPOINTS["overview"])])
    assert changed_days.amounts == {
        Measure.OUTCOMES: {FIRST: [-3.0, 2.0], SECOND: [-5.0], THIRD: [4.0]},
        Measure.TRAFFIC: {SECOND: [7.0]},
        Measure.SPEND: {THIRD: [-2.0]},
    }
    assert changed_days.totals == [
        (Measure.OUTCOMES, {FIRST: -1.0, SECOND: -5.0}),
        (Measure.OUTCOMES, {THIRD: 4.0}),
        (Measure.TRAFFIC, {SECOND: 7.0}),
        (Measure.SPEND, {THIRD: -2.0}),
    ]


def test_only_opposite_moves_on_two_days_may_cancel_out() -> None:
    changed_days = ChangedDays()
    changed_days.add([change(SECOND, "revenue", 0.0, 49.0), change(SECOND, "conversions", 0.0, 1.0)])
    changed_days.add([change(FIRST, "revenue", 20.0, 0.0), change(FIRST, "conversions", 1.0, 0.0)])
    spend = ENDPOINTS["overview"]
    changed_days.add([change(THIRD, "spend", 2.0, 9.0, spend)])
    changed_days.add([change(THIRD, "spend", 9.0, 2.0, spend)])
    assert not any(changed_days.cancelling.values())
    changed_days.add([change(THIRD, "revenue", 98.0, 0.0), change(THIRD, "conversions", 2.0, 0.0)])
    assert changed_days.cancelling[Measure.OUTCOMES] == {SECOND, THIRD}


def test_without_changes_nothing_is_suspicious() -> None:
    changed_days = ChangedDays()
    changed_days.add([])
    assert (changed_days.amounts, changed_days.totals, changed_days.cancelling) == ({}, [], {})
