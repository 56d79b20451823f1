"""A window that no sum proves is read again once something else shows that its day has changed."""

from collections.abc import Sequence
from datetime import date

import pytest
from pendulum import Date

from pipelines.planning.ledger import Ledger
from pipelines.proving.changes import Change
from pipelines.proving.unproved import Unproved
from sources.atribu.endpoints import ENDPOINTS
from sources.rest.reading.tasks import Task
from sources.rest.windows import Grain, Window

TODAY = Date(2026, 3, 31)
WEEK = Window(Date(2026, 3, 2), Date(2026, 3, 8))
NEXT_WEEK = Window(Date(2026, 3, 9), Date(2026, 3, 15))
PAGES = [Task(ENDPOINTS["pages"], week) for week in (WEEK, NEXT_WEEK)]


def change(name: str, metric: str, day: int) -> Change:
    return Change(Task(ENDPOINTS[name]), date(2026, 3, day), "", metric, 1.0, 2.0)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param([], [], id="nothing-has-changed"),
        pytest.param([change("timeseries", "cash_revenue", 4)], PAGES[:1], id="the-same-is-measured"),
        pytest.param([change("timeseries", "spend", 4)], [], id="something-else-is-measured"),
        pytest.param([change("channels", "visitors", 4)], [], id="what-does-not-add-up"),
        pytest.param([change("timeseries", "cash_revenue", 16)], [], id="on-another-day"),
        pytest.param([change("timeseries", "pageviews", day) for day in (2, 8, 15)], PAGES, id="several-days"),
    ],
)
def test_windows_of_days_that_have_changed_are_given_once(changes: Sequence[Change], expected: Sequence[Task]) -> None:
    unproved = Unproved(Ledger(), Grain.WEEK)
    unproved.watch(PAGES)
    unproved.note(changes)
    assert unproved.take() == expected
    unproved.note(changes)
    assert unproved.take() == []


def test_what_was_not_read_any_more_is_known_in_the_next_run_until_it_is_read() -> None:
    ledger = Ledger()
    unproved = Unproved(ledger, Grain.WEEK)
    unproved.watch(PAGES)
    unproved.note([change("timeseries", "cash_revenue", 4)])
    later = Ledger.from_state({"coverage": ledger.to_state()})
    assert [later.has_moved(task, Grain.WEEK) for task in PAGES] == [True, False]
    later.add(PAGES[0], Grain.WEEK, TODAY, cut=True)
    assert not later.has_moved(PAGES[0], Grain.WEEK)
