"""What is stored to the last value is not loaded again; everything else is."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from pendulum import Date

from pipelines.storing.unchanged import Stored
from pipelines.storing.warehouse import Warehouse
from sources.atribu.endpoints import ENDPOINTS
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.reading.answers import Answer
from sources.rest.reading.tables import build
from sources.rest.reading.tasks import Task
from sources.rest.reading.tombstones import add_tombstones
from sources.rest.windows import Window

CHANNELS, SERIES, GOALS, CUSTOMERS = (
    ENDPOINTS[name] for name in ("channels", "conversions_timeseries", "goals", "customers")
)
FIRST = Window(Date(2026, 3, 1), Date(2026, 3, 1))
SECOND = Window(Date(2026, 3, 2), Date(2026, 3, 2))

Row = dict[str, Any]


class Tables(Warehouse):
    """A warehouse that holds given rows, and tells those whose columns hold the values that it is asked for."""

    def __init__(self, rows: Mapping[str, Sequence[Row]]) -> None:
        self._rows = rows

    def holding(self, table: str, values: Mapping[str, Collection[Any]]) -> tuple[list[str], list[tuple[Any, ...]]]:
        rows = self._rows[table]
        columns = list(rows[0])
        held = [row for row in rows if all(row[name] in wanted for name, wanted in values.items())]
        return columns, [tuple(row[name] for name in columns) for row in held]


def answer(endpoint: Endpoint, window: Window | None, *rows: Row) -> Answer:
    context: Row = {"profile_id": "p1"}
    if window and not endpoint.by_day:
        context |= {"date": window.start, "grain": "day"}
    tables = build(endpoint, rows, context, list(window.dates()) if window else [])
    return Answer(Task(endpoint, window), tables, len(rows), False, frozenset(), None)


def loaded(*answers: Answer) -> dict[str, list[Row]]:
    """Tables as they are after answers were loaded, with a row of another profile in each."""
    return {
        table: [
            {**dict.fromkeys(rows.column_names), "profile_id": "other"},
            *(row for one in answers for row in one.tables[table].to_pylist() if not row["_deleted"]),
        ]
        for table, rows in answers[0].tables.items()
    }


def differing(tables: Mapping[str, Sequence[Row]], *answers: Answer) -> list[Answer]:
    return Stored(Tables(tables), set(tables)).differing(answers[0].task.endpoint, answers)


PAID: Row = {"value": "Paid", "conversions": 2, "revenue": 1.5}
EMAIL: Row = {"value": "Email", "conversions": 1, "revenue": None}
PAID_FIRST = answer(CHANNELS, FIRST, PAID, EMAIL)


def test_rows_that_are_stored_are_not_loaded_again_whatever_their_order() -> None:
    assert differing(loaded(PAID_FIRST), answer(CHANNELS, FIRST, EMAIL, PAID)) == []


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([{**PAID, "revenue": 1.5000001}, EMAIL], id="changed"),
        pytest.param([{**PAID, "revenue": None}, EMAIL], id="null now"),
        pytest.param([PAID, {**EMAIL, "revenue": 0.0}], id="null before"),
        pytest.param([PAID], id="vanished"),
        pytest.param([PAID, EMAIL, {**PAID, "value": "Direct"}], id="new"),
        pytest.param([{**PAID, "unknown": "x"}, EMAIL], id="unknown field"),
        pytest.param([], id="emptied"),
    ],
)
def test_a_window_that_differs_in_anything_is_loaded(rows: list[Row]) -> None:
    changed, other = answer(CHANNELS, FIRST, *rows), answer(CHANNELS, SECOND, PAID)

    assert differing(loaded(PAID_FIRST, other), changed, other) == [changed]


def test_a_window_that_was_empty_and_still_is_needs_no_clearing() -> None:
    assert differing(loaded(answer(CHANNELS, SECOND, PAID)), answer(CHANNELS, FIRST)) == []


def test_a_row_that_is_stored_twice_is_replaced() -> None:
    tables = loaded(PAID_FIRST)
    tables["channels"].append(tables["channels"][-1])

    assert differing(tables, PAID_FIRST) == [PAID_FIRST]


def test_a_column_that_only_the_table_has_must_be_null() -> None:
    tables = loaded(PAID_FIRST)
    wider = {"channels": [{**row, "learned": None} for row in tables["channels"]]}

    assert differing(wider, PAID_FIRST) == []
    wider["channels"][-1]["learned"] = 1.0
    assert differing(wider, PAID_FIRST) == [PAID_FIRST]


def test_a_column_that_the_table_does_not_have_yet_is_added() -> None:
    tables = loaded(PAID_FIRST)
    narrower = {"channels": [{name: row[name] for name in row if name != "pageviews"} for row in tables["channels"]]}

    assert differing(narrower, PAID_FIRST) == [PAID_FIRST]


def series(*days: int, count: int = 1) -> Answer:
    rows = [{"date": f"2026-03-0{day}", "event_type": "lead", "count": count} for day in days]
    return answer(SERIES, Window(FIRST.start, Date(2026, 3, 4)), *rows)


@pytest.mark.parametrize(
    ("before", "now", "same"),
    [
        (series(1, 3), series(1, 3), True),
        (series(1, 3), series(1), False),
        (series(1), series(1, 3), False),
        (series(1), series(1, count=2), False),
    ],
    ids=["same", "vanished", "new", "changed"],
)
def test_a_series_is_compared_day_by_day_days_without_a_row_among_them(
    before: Answer, now: Answer, *, same: bool
) -> None:
    assert differing(loaded(before), now) == ([] if same else [now])


def test_items_of_a_list_are_compared_too() -> None:
    goal: Row = {"id": "g1", "display_name": "Lead", "source_event_names": ["a", "b"]}
    before = answer(GOALS, None, goal)

    assert differing(loaded(before), before) == []
    now = answer(GOALS, None, {**goal, "source_event_names": ["b", "a"]})
    assert differing(loaded(before), now) == [now]


def test_what_has_no_table_yet_is_loaded() -> None:
    assert Stored(Tables({}), set()).differing(CHANNELS, [PAID_FIRST]) == [PAID_FIRST]


def customer(name: str, hour: int = 9, **fields: Any) -> Row:
    return {
        **dict.fromkeys(column.source for column in CUSTOMERS.columns),
        "conversion_id": name,
        "conversion_time": f"2026-03-01T{hour:02}:00:00Z",
        "touch_channels": ["Email"],
        **fields,
    }


def listed(*rows: Row) -> Answer:
    context: Row = {"profile_id": "p1", "goal": "lead", "figures_from": FIRST.start, "figures_to": FIRST.end}
    tables = build(CUSTOMERS, rows, context, [])
    return Answer(Task(CUSTOMERS, FIRST, (("goal", "lead"),)), tables, len(rows), False, frozenset(), None)


def test_people_are_compared_with_those_of_their_time_and_one_who_is_there_at_another_time_differs() -> None:
    before = listed(customer("a", 9), customer("b", 10))

    assert differing(loaded(before), listed(customer("b", 10))) == []
    for now in (customer("a", 10), customer("a", 9, revenue=1.5), customer("a", 9, touch_channels=["Direct"])):
        assert differing(loaded(before), listed(now)) != []


def test_somebody_who_is_listed_no_more_is_cleared_although_nothing_tells_their_time() -> None:
    before, now = listed(customer("a")), listed()
    tombstone = {"profile_id": "p1", "goal": "lead", "conversion_id": "a"}
    gone = replace(now, tables={name: add_tombstones(one, {}, [tombstone]) for name, one in now.tables.items()})

    assert differing(loaded(before), gone) == [gone]
