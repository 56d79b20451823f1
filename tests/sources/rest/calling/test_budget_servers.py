"""However a server counts its limit, it is used and not exceeded."""

import threading
import time
from collections.abc import Sequence

import pytest

from sources.rest.calling.budget import Budget
from tests.sources.rest.calling.rate_limiters import (
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

WEIGHTED = pytest.param(WeightedWindows, id="weighted-windows")
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
@pytest.mark.parametrize("limiter", EXACT)
def test_an_exact_server_refuses_nothing(limiter: type[RateLimiter], costs: Sequence[int], latency: float) -> None:
    runs = [simulate(limiter, latency=latency, costs=costs, seed=seed, minutes=20) for seed in range(6)]
    assert sum(run.refused for run in runs) == 0
    assert min(run.calls * max(costs) for run in runs) > 18 * LIMIT


@pytest.mark.parametrize("limiter", EXACT)
def test_an_exact_server_that_tells_no_numbers_refuses_nothing(limiter: type[RateLimiter]) -> None:
    runs = [simulate(limiter, latency=0.5, costs=(1, 3), seed=seed, minutes=10, headers=False) for seed in range(4)]
    assert sum(run.refused for run in runs) == 0


@pytest.mark.parametrize("latency", [LATENCIES[0], LATENCIES[-1]])
@pytest.mark.parametrize(
    "costs",
    [
        pytest.param((1,), id="light", marks=pytest.mark.sweep),
        pytest.param((3,), id="heavy", marks=pytest.mark.sweep),
        pytest.param((1, 1, 1, 3), id="mixed"),
    ],
)
def test_a_server_with_weighted_windows_refuses_less_than_one_call_in_a_thousand(
    costs: Sequence[int], latency: float
) -> None:
    runs = [simulate(WeightedWindows, latency=latency, costs=costs, seed=seed, minutes=60) for seed in range(10)]
    assert sum(run.refused for run in runs) * 1000 < sum(run.calls for run in runs)


@pytest.mark.parametrize("limiter", [*EXACT, WEIGHTED])
def test_a_long_run_uses_92_percent_of_the_limit_although_answers_take_2_seconds(limiter: type[RateLimiter]) -> None:
    runs = [simulate(limiter, latency=2.0, costs=(1,), seed=seed, minutes=30) for seed in range(2)]
    assert min(run.used for run in runs) >= 0.92


def test_threads_together_never_exceed_the_limit() -> None:
    budget, server, lock = Budget(8, 0.2), SlidingLog(8, 0.2, 0), threading.Lock()
    verdicts = []

    def work() -> None:
        for units in (1, 2, 1):
            budget.acquire(units)
            with lock:
                passes, remaining = server.hit(time.monotonic(), units)
                verdicts.append(passes)
            budget.settle(units, limit=8, remaining=remaining)

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
            budget.settle(1)

    def heavy() -> None:
        while len(passed) < 6:  # until the light ones have used up the limit
            time.sleep(0.001)
        before = len(passed)
        budget.acquire(6)
        overtaken.append(len(passed) - before)
        done.set()
        budget.settle(6)

    threads = [threading.Thread(target=light) for _ in range(4)] + [threading.Thread(target=heavy)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert overtaken[0] <= 12
