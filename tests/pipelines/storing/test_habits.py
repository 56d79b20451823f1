"""What earlier syncs have asked for besides what was planned says what to expect of the next one."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from pendulum import Date

from pipelines.planning.estimate import Habits
from pipelines.storing.habits import DAYS, habits_of, seconds_of_a_load
from pipelines.storing.warehouse import Warehouse

FIRST = Date(2026, 3, 1)


@dataclass
class Runs:
    """A warehouse with the calls of some runs."""

    rows: list[tuple[Any, ...]] = field(default_factory=list)

    def sync(self, day: int, *, restated: int = 0, journeys: int = 0) -> None:
        """Note a sync that has checked channels and read people, some days after the first one."""
        run, today = str(len(self.rows)), FIRST.add(days=day)
        self.rows += [
            (run, "channels", "", today, 10, 1, restated),
            (run, "customers", "lead_created", today, 10, 0, 0),
            (run, "journeys", "", None, 5 * journeys, 0, 0),
        ]

    def has(self, _: str) -> bool:
        return bool(self.rows)

    def ask(self, _: object) -> list[tuple[Any, ...]]:
        return self.rows

    def habits(self, day: int) -> Habits:
        """What is to be expected on a day; a journey has five rows."""
        return habits_of(cast("Warehouse", self), {"journeys": 5.0}, FIRST.add(days=day))


def test_before_anything_was_compared_nothing_is_known() -> None:
    runs = Runs()
    assert runs.habits(1) == {}
    runs.sync(0, restated=50, journeys=200)
    assert runs.habits(1) == {}


@pytest.mark.parametrize(
    ("day", "calls", "people"),
    [
        pytest.param(3, 0, 0, id="the same day again"),
        pytest.param(4, 8, 20, id="the next day"),
        pytest.param(6, 24, 60, id="after a pause"),
    ],
)
def test_what_a_day_has_cost_is_expected_of_those_to_come_but_not_of_the_first(
    day: int, calls: int, people: int
) -> None:
    runs = Runs()
    runs.sync(0, restated=50, journeys=200)
    runs.sync(1, restated=10, journeys=30)
    runs.sync(1)
    runs.sync(3, restated=14, journeys=30)
    assert runs.habits(day) == {("channels", ""): calls, ("journeys", ""): people}


def test_only_the_last_days_are_looked_back_upon() -> None:
    runs = Runs()
    for day in range(20):
        runs.sync(day, restated=100 if day < 20 - DAYS else 7)
    assert runs.habits(20)["channels", ""] == 7


@pytest.mark.parametrize(
    ("lasted", "seconds"),
    [
        pytest.param([], 0.0, id="nothing was loaded"),
        pytest.param([0.0, 0.0], 0.0, id="nothing but runs that changed nothing"),
        pytest.param([0.0, 4.0, 0.0, 2.0, 0.0, 9.0], 4.0, id="some that did"),
    ],
)
def test_what_was_said_of_runs_that_changed_nothing_is_no_measure_of_a_load(
    lasted: list[float], seconds: float
) -> None:
    began = 1795951565.209297
    runs = Runs([(str(began), datetime.fromtimestamp(began + one, UTC)) for one in lasted])
    assert seconds_of_a_load(cast("Warehouse", runs)) == pytest.approx(seconds)
