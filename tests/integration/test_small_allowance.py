"""A search for changed days comes to its end in several runs, however little each of them may spend."""

import json
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests.integration.conftest import Elt, ServeAtatus, rows_of

pytestmark = pytest.mark.untraced

SYNC = ("sync", "atatus", "--today", "2026-03-31", "--since", "2026-03-27", "--resources", "calls")
DECLARED = {
    "name": "calls",
    "path": "/calls",
    "primary_key": ["id"],
    "start_param": "from",
    "end_param": "to",
    "format": "%Y-%m-%d",
    "types": {"id": "text", "count": "bigint"},
    "sums": ["count"],
}


class World:
    """Figures of any range."""

    def __init__(self) -> None:
        self.counts = {date(2026, 3, 1) + timedelta(day): 5 for day in range(31)}
        self.asked = 0

    def answer(self, query: dict[str, str]) -> dict[str, Any]:
        self.asked += 1
        start, end = (datetime.fromisoformat(query[name]).date() for name in ("from", "to"))
        days = [count for day, count in self.counts.items() if start <= day < end]
        return {"data": [{"id": "a", "count": sum(days)}]}


@pytest.fixture
def world(serve_atatus: ServeAtatus, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("SOURCES__ATATUS__ENDPOINTS", json.dumps([DECLARED]))
    made = World()
    serve_atatus(extra={"calls": made.answer})
    return made


def loaded() -> dict[date, int]:
    return {row["date"]: row["count"] for row in rows_of("calls", dataset="atatus")}


def codes_until_true(world: World, elt: Elt) -> list[int]:
    """Sync with one unit a run until what is loaded is the truth; return the exit codes."""
    truth = {day: count for day, count in world.counts.items() if day >= date(2026, 3, 27)}
    codes = list[int]()
    while loaded() != truth and len(codes) < 9:
        codes.append(elt(*SYNC, "--max-units", "1").code)
    return codes


@pytest.mark.slow
def test_a_changed_day_is_found_with_one_unit_a_run_and_the_range_is_proved_afterwards(world: World, elt: Elt) -> None:
    assert elt(*SYNC).code == 0
    world.counts[date(2026, 3, 28)] = 9
    assert codes_until_true(world, elt) == [3, 3, 3], "the range, a half, the day"
    world.asked = 0
    assert elt(*SYNC).code == 0
    assert world.asked == 2, "the whole range has to add up; today is read"


@pytest.mark.sweep
def test_when_everything_was_read_on_a_day_the_next_round_begins_where_the_last_run_has_ended(
    world: World, elt: Elt
) -> None:
    assert [elt(*SYNC).code for _ in range(2)] == [0, 0]
    world.counts[date(2026, 3, 30)] = 9
    assert codes_until_true(world, elt) == [3] * 4, "today, the range, its newer half, the day"
