"""A refusal that names no limit makes the budget slower for the rest of the run, and none of its waits outlasts it."""

import pytest

from sources.rest.calling.budget import SLOWEST, Budget
from tests.clock import Clock
from tests.sources.rest.calling.rate_limiters import burst, leave


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_half_as_many_calls_leave_as_before(clock: Clock) -> None:
    budget = Budget(30, 60.0, clock=clock)
    budget.settle(leave(budget, 1))
    budget.slow_down()
    clock.now = 1000.0
    assert burst(budget) == 15


def test_refusals_of_calls_that_left_together_count_once(clock: Clock) -> None:
    budget = Budget(30, 60.0, clock=clock)
    for moment in (0.0, 0.1, 59.0):
        clock.now = moment
        budget.slow_down()
    assert budget.limit == 15
    clock.now = 60.0
    budget.slow_down()
    assert budget.limit == 7


@pytest.mark.parametrize(("limit", "lowest"), [(30, SLOWEST), (2, 2)])
def test_it_never_stands_still(clock: Clock, limit: int, lowest: int) -> None:
    budget = Budget(limit, 60.0, clock=clock)
    for minute in range(10):
        clock.now = minute * 60.0
        budget.slow_down()
    assert budget.limit == lowest


def test_the_time_that_is_left_is_what_the_allowance_has_not_used(clock: Clock) -> None:
    budget = Budget(30, 60.0, clock=clock)
    assert budget.seconds_left == float("inf")
    budget.allow(seconds=90.0)
    clock.now = 60.0
    assert budget.seconds_left == 30.0
    clock.now = 100.0
    assert budget.seconds_left == 0.0
