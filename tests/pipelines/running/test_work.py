"""How long the rest of a run takes is told nearly right, also where checks need more than was planned."""

from collections.abc import Iterator

import pytest

from pipelines.running.work import Work
from sources.atribu.endpoints import ENDPOINTS
from sources.rest.calling.budget import Budget
from sources.rest.reading.tasks import Task
from sources.rest.windows import Window, known_day
from tests.clock import Clock
from tests.sources.rest.calling.rate_limiters import FixedWindow, RateLimiter, SlidingLog, TokenBucket

LATENCY = 0.2


def tasks(first: int, count: int) -> list[Task]:
    start = known_day("2020-01-01")
    days = (start.add(days=one) for one in range(first, first + count))
    return [Task(ENDPOINTS["channels"], Window(day, day)) for day in days]


def told(limiter: type[RateLimiter], planned: int, found: int, expected: int) -> Iterator[tuple[float, float]]:
    """Run tasks one after the other against a server; give, after each, the seconds left that are told and the moment.

    Args:
        limiter: how the server counts.
        planned: tasks of the plan.
        found: tasks that turn out to be needed once half of the plan is done.
        expected: how many of them were to be expected.
    """
    clock = Clock()
    server, budget = limiter(60, 60.0, 17.0), Budget(60, 60.0, clock=clock, sleep=clock.sleep)
    work = Work(budget, slice_units=60, clock=clock)
    work.plan(tasks(0, planned), expected)
    more = tasks(planned, found)
    queue = [*tasks(0, planned // 2), *more, *tasks(planned // 2, planned - planned // 2)]

    def answers() -> Iterator[Task]:
        for task in queue:
            call = budget.acquire(1)
            clock.sleep(LATENCY)
            passes, remaining = server.hit(clock(), 1)
            assert passes
            budget.settle(call, limit=60, remaining=remaining)
            yield task

    results = answers()
    for place in range(len(queue)):
        if place == planned // 2:
            work.find(more)
            work.settle()
        task = work.reading(results)
        assert task
        work.end(task)
        yield work.seconds_left, clock()
    assert (work.left, work.open_windows, work.windows, work.units) == (0, 0, len(queue), len(queue))


@pytest.mark.parametrize(
    ("limiter", "share"),
    [
        pytest.param(FixedWindow, 0.9, id="fixed-window"),
        pytest.param(SlidingLog, 0.9, id="sliding-log"),
        # its first minute is over sooner than anybody could foretell, and so is the run
        pytest.param(TokenBucket, 0.8, id="token-bucket"),
    ],
)
@pytest.mark.parametrize(
    ("planned", "found", "expected"),
    [
        pytest.param(200, 0, 0, id="as-planned"),
        pytest.param(1000, 0, 0, id="long"),
        pytest.param(120, 120, 100, id="as-usual"),
    ],
)
def test_the_time_that_is_left_is_within_a_quarter_of_the_truth_for_most_of_a_run(
    limiter: type[RateLimiter], share: float, planned: int, found: int, expected: int
) -> None:
    said = list(told(limiter, planned, found, expected))

    end = said[-1][1]
    # by the clock, not by calls: most of a run is spent waiting
    seconds = dict[int, tuple[float, float]]()
    for left, now in said:
        seconds |= {second: (left - (second - now), end - second) for second in range(int(now), int(end))}
    near = [abs(left - true) <= max(0.25 * true, 5.0) for left, true in seconds.values()]
    assert end > 60
    assert sum(near) > share * len(near), f"{sum(near)} of {len(near)} seconds"


def test_the_rest_grows_when_more_is_needed_and_never_before() -> None:
    work = Work(Budget(60, 60.0), slice_units=60)
    work.plan(tasks(0, 10), 0)
    assert (work.units, work.left) == (0, 10)
    for task in tasks(0, 4):
        work.end(task)
    assert (work.units, work.left) == (4, 6)
    work.find(tasks(2, 6))
    assert (work.units, work.left) == (4, 8)


def test_the_destination_takes_as_long_as_for_the_last_tables_also_for_the_load_under_way() -> None:
    clock = Clock()
    work = Work(Budget(1000, 60.0, clock=clock, sleep=clock.sleep), slice_units=5, clock=clock)
    work.plan(tasks(0, 10), usual_load=12.0)
    assert work.seconds_left == 8 + 8 + 6, "two slices of four tables, and the end of three"
    for task in tasks(0, 5):
        assert work.reading(iter([task])) is task
        work.end(task)
    clock.sleep(1.0)
    with work.loading(1):
        clock.sleep(3.0)
        assert work.seconds_left == 4 + 8 + 6
        clock.sleep(16.0)
        assert work.seconds_left == 0 + 20 + 15, "it says while it lasts that loads take longer"
    assert work.seconds_left == 20 + 15
    for task in tasks(5, 5):
        work.end(task)
    assert work.seconds_left == 20 + 15, "read, and not loaded"
    with work.loading(1):
        clock.sleep(20.0)
    with work.loading(0, last=True):
        clock.sleep(5.0)
        assert work.seconds_left == 10


MONTH = Window(known_day("2020-01-01"), known_day("2020-01-31"))


def test_what_is_known_only_once_something_else_is_loaded_is_named_until_it_is_found() -> None:
    work = Work(Budget(60, 60.0), slice_units=60)
    work.plan(tasks(0, 2), to_come=["journeys"])
    for task in tasks(0, 2):
        work.end(task)
    assert (work.left, work.unsized) == (0, ["journeys"]), "that nothing is left is not the whole truth"
    work.find([Task(ENDPOINTS["journeys"], parent=one) for one in "ab"], all_of="journeys")
    assert (work.left, work.unsized) == (6, [])


def test_a_list_of_which_nobody_knows_how_long_it_is_is_named_while_it_is_read() -> None:
    budget = Budget(600, 60.0)
    work = Work(budget, slice_units=60)
    endless = Task(ENDPOINTS["visitors"], MONTH)
    bounded = Task(ENDPOINTS["customers"], MONTH, (("goal", "x"),), pages=2, pages_most=5)
    by_ids = Task(ENDPOINTS["campaigns_trend"], MONTH)
    work.plan([endless, bounded, by_ids])
    assert work.unsized == ["campaigns_trend", "visitors"]
    work.end(by_ids)
    work.end(endless)
    assert work.unsized == []
    budget.settle(budget.acquire(4), limit=600, remaining=596)
    assert (work.left, work.unsized) == (6, [])
    budget.settle(budget.acquire(6), limit=600, remaining=590)
    assert (work.left, work.unsized) == (0, ["customers"]), "it has more pages than it was taken for"
    work.end(bounded)
    assert work.unsized == []
