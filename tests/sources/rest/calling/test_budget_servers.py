"""However a server counts its limit, it is used and not exceeded."""

import threading
import time
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.rest.calling.budget import Budget, Reservation
from tests.sources.rest.calling.rate_limiters import (
    IN_FLIGHT,
    LIMIT,
    FixedWindow,
    RateLimiter,
    SlidingLog,
    TokenBucket,
    WeightedWindows,
    simulate,
)

pytestmark = pytest.mark.untraced

EXACT = [
    pytest.param(FixedWindow, id="fixed-window"),
    pytest.param(SlidingLog, id="sliding-log"),
    pytest.param(TokenBucket, id="token-bucket"),
]

ALL = [*EXACT, pytest.param(WeightedWindows, id="weighted-windows")]

COSTS = [
    pytest.param((1,), id="light"),
    pytest.param((3,), id="heavy"),
    pytest.param((1, 1, 1, 3), id="mixed"),
]

LATENCIES = [
    pytest.param(0.05, id="50-ms"),
    pytest.param(0.5, id="500-ms"),
    pytest.param(2.0, id="2-s"),
]


@pytest.mark.parametrize("latency", LATENCIES)
@pytest.mark.parametrize("costs", COSTS)
@pytest.mark.parametrize("limiter", ALL)
def test_no_call_is_refused(limiter: type[RateLimiter], costs: Sequence[int], latency: float) -> None:
    runs = [simulate(limiter, latency=latency, costs=costs, seed=seed, minutes=20) for seed in range(6)]
    assert sum(run.refused for run in runs) == 0
    assert min(run.used for run in runs) > 0.9


@pytest.mark.parametrize("limiter", ALL)
def test_without_numbers_no_call_is_refused(limiter: type[RateLimiter]) -> None:
    runs = [
        simulate(limiter, latency=0.5, costs=(1, 3), seed=seed, minutes=10, headers=lambda _: None) for seed in range(4)
    ]
    assert sum(run.refused for run in runs) == 0


@given(
    limiter=st.sampled_from((FixedWindow, SlidingLog, TokenBucket, WeightedWindows)),
    latency=st.floats(0.01, 10.0),
    costs=st.lists(st.integers(1, 7), min_size=1, max_size=4),
    seed=st.integers(0, 10_000),
)
@settings(max_examples=60, deadline=None)
def test_in_whatever_order_calls_are_counted_and_answered_none_is_refused(
    limiter: type[RateLimiter], latency: float, costs: list[int], seed: int
) -> None:
    assert simulate(limiter, latency=latency, costs=costs, seed=seed, minutes=4).refused == 0


def refused_after_a_pause(phase: float, pause: float, *, tells: bool) -> int:
    """Refusals of a server with weighted windows when calls stop for a while and go on at full speed."""
    period, now = 60.0, [0.0]

    def sleep(seconds: float) -> None:
        now[0] += max(seconds, 0.001)

    server = WeightedWindows(LIMIT, period, phase * period)
    budget = Budget(LIMIT, period, clock=lambda: now[0], sleep=sleep)
    refused = 0
    for until in (6 * period, (8 + pause) * period):
        while now[0] < until:
            call = budget.acquire(1)
            passes, remaining = server.hit(now[0], 1)
            now[0] += 0.2
            limit, told = (LIMIT, remaining) if tells else (None, None)
            budget.settle(call, limit=limit, remaining=told, refused=not passes)
            refused += not passes
        now[0] += pause * period
    return refused


@pytest.mark.parametrize("tells", [False, True])
def test_after_a_pause_a_server_with_weighted_windows_refuses_none(*, tells: bool) -> None:
    found = [
        refused_after_a_pause(phase / 10, pause / 10, tells=tells) for phase in range(10) for pause in range(1, 10)
    ]
    assert sum(found) == 0


@pytest.mark.parametrize(
    ("limiter", "sooner"),
    [
        pytest.param(FixedWindow, 10, id="fixed-window"),
        pytest.param(SlidingLog, -1, id="sliding-log"),
        pytest.param(TokenBucket, 20, id="token-bucket"),
        pytest.param(WeightedWindows, 3, id="weighted-windows"),
    ],
)
def test_a_run_that_is_known_to_need_more_than_is_free_finds_out_sooner_what_is_back(
    limiter: type[RateLimiter], sooner: float
) -> None:
    def seconds(*, known: bool) -> float:
        runs = [
            simulate(limiter, latency=0.2, costs=(1, 1, 1, 3), seed=seed, minutes=30, wanted=137, known=known)
            for seed in range(8)
        ]
        assert sum(run.refused for run in runs) == 0
        return sum(run.seconds for run in runs) / len(runs)

    assert seconds(known=False) - seconds(known=True) >= sooner


@pytest.mark.parametrize("limiter", ALL)
@pytest.mark.parametrize("wanted", [113, 120, 170, 180, 240])
def test_units_that_are_kept_back_do_not_make_the_end_of_a_run_wait(limiter: type[RateLimiter], wanted: int) -> None:
    without, kept = (
        [
            simulate(limiter, latency=0.3, costs=(1,), seed=seed, minutes=30, wanted=wanted, known=known).seconds
            for seed in range(6)
        ]
        for known in (False, True)
    )
    assert sum(kept) / 6 <= sum(without) / 6 + 10


@pytest.mark.parametrize("limiter", ALL)
def test_somebody_else_who_spends_a_fifth_of_the_limit_costs_few_refusals(limiter: type[RateLimiter]) -> None:
    runs = [simulate(limiter, latency=0.25, costs=(1, 1, 1, 3), seed=seed, minutes=30, others=0.2) for seed in range(2)]
    assert 0 < sum(run.refused for run in runs) * 100 < sum(run.calls for run in runs)
    assert min(run.used for run in runs) >= 0.65


@pytest.mark.parametrize(
    ("latency", "used"), [pytest.param(0.25, 0.97, id="250-ms"), pytest.param(2.0, 0.94, id="2-s")]
)
@pytest.mark.parametrize("limiter", EXACT)
def test_a_long_run_uses_the_limit(limiter: type[RateLimiter], latency: float, used: float) -> None:
    runs = [simulate(limiter, latency=latency, costs=(1, 1, 1, 3), seed=seed, minutes=30) for seed in range(2)]
    assert min(run.used for run in runs) >= used


@pytest.mark.parametrize(
    ("says", "refused"),
    [
        pytest.param(lambda left: min(LIMIT, left + 7), 3, id="too-many"),
        pytest.param(lambda left: min(LIMIT, left + 1), 3, id="of-before-the-call"),
        pytest.param(lambda _: LIMIT - 1, 3, id="always-nearly-all"),
        pytest.param(lambda _: LIMIT // 2, 2 * IN_FLIGHT, id="always-half"),
        pytest.param(lambda left: left * 10, 3, id="of-another-scale"),
        pytest.param(lambda _: 0, 0, id="always-none"),
        pytest.param(lambda _: -5, 0, id="negative"),
        pytest.param(lambda _: None, 0, id="nothing"),
    ],
)
@pytest.mark.parametrize("limiter", EXACT)
def test_a_server_whose_numbers_are_wrong_is_soon_not_believed(
    limiter: type[RateLimiter], says: Callable[[int], int | None], refused: int
) -> None:
    runs = [simulate(limiter, latency=0.25, costs=(1, 3), seed=seed, minutes=20, headers=says) for seed in range(3)]
    assert max(run.refused for run in runs) <= refused
    assert min(run.used for run in runs) >= 0.8


def test_threads_together_never_exceed_the_limit() -> None:
    budget, server, lock = Budget(8, 0.2), SlidingLog(8, 0.2, 0), threading.Lock()
    verdicts = []

    def work() -> None:
        for units in (1, 2, 1):
            call = budget.acquire(units)
            with lock:
                passes, remaining = server.hit(time.monotonic(), units)
                verdicts.append(passes)
            budget.settle(call, limit=8, remaining=remaining, refused=not passes)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdicts == [True] * 18
    assert budget.spent == 24


def test_light_calls_that_keep_coming_do_not_starve_a_heavy_one() -> None:
    budget, passed, done = Budget(6, 0.1), list[int](), threading.Event()
    overtaken = []

    def light() -> None:
        while not done.is_set():
            budget.acquire(1)
            passed.append(1)
            time.sleep(0.005)  # an answer takes its time
            budget.settle(Reservation(1))

    def heavy() -> None:
        while len(passed) < 6:  # until the light ones have used up the limit
            time.sleep(0.001)
        before = len(passed)
        budget.acquire(6)
        overtaken.append(len(passed) - before)
        done.set()
        budget.settle(Reservation(6))

    threads = [threading.Thread(target=light) for _ in range(4)] + [threading.Thread(target=heavy)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert overtaken[0] <= 12
