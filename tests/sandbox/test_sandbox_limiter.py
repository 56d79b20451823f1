"""The four limiters do what textbooks say, and the server tells of them in the documented headers."""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import get_args

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from sandbox.atribu import DEFAULT_KEY
from sandbox.server.limiter import Algorithm, make_limiter
from tests.clock import Clock
from tests.sandbox.conftest import Client, make_settings

ALGORITHMS = get_args(Algorithm)
every_algorithm = pytest.mark.parametrize("algorithm", ALGORITHMS)
DAY = {"date_from": "2026-01-05", "date_to": "2026-01-05"}


def burst(limiter, now: float) -> int:  # noqa: ANN001 - any limiter
    """Count how many units pass at one moment."""
    passed = 0
    while limiter.take(1, now).allowed:
        passed += 1
    return passed


@every_algorithm
def test_a_full_limit_passes_at_once_and_not_one_more(algorithm: Algorithm) -> None:
    limiter = make_limiter(algorithm, 60, 60)
    assert [limiter.take(1, 0).remaining for _ in range(60)] == list(range(59, -1, -1))
    assert not limiter.take(1, 0).allowed


@every_algorithm
def test_a_rejected_call_costs_nothing(algorithm: Algorithm) -> None:
    limiter = make_limiter(algorithm, 10, 60)
    assert limiter.take(8, 0).allowed
    assert [limiter.take(3, 0).allowed for _ in range(5)] == [False] * 5
    assert limiter.remaining(0) == 2
    assert limiter.take(2, 0).allowed


@every_algorithm
def test_a_call_dearer_than_the_limit_never_passes(algorithm: Algorithm) -> None:
    limiter = make_limiter(algorithm, 2, 60)
    verdict = limiter.take(3, 0)
    assert (verdict.allowed, verdict.retry_after) == (False, 60)


def test_a_fixed_window_lets_two_limits_pass_around_its_turn() -> None:
    limiter = make_limiter("fixed_window", 60, 60)
    assert burst(limiter, 59.9) == 60
    assert limiter.take(1, 59.9).retry_after == pytest.approx(0.1)
    assert burst(limiter, 60.0) == 60


def test_a_sliding_log_frees_each_unit_one_period_after_it_was_spent() -> None:
    limiter = make_limiter("sliding_log", 3, 60)
    for at in (0, 10, 20):
        assert limiter.take(1, at).allowed
    assert limiter.take(2, 30).retry_after == pytest.approx(40)
    assert burst(limiter, 59.9) == 0
    assert burst(limiter, 60) == 1
    assert burst(limiter, 80) == 2


def test_a_token_bucket_refills_evenly_and_never_beyond_its_size() -> None:
    limiter = make_limiter("token_bucket", 60, 60)
    assert burst(limiter, 0) == 60
    assert limiter.take(3, 0).retry_after == pytest.approx(3)
    assert burst(limiter, 7) == 7
    assert burst(limiter, 10_000) == 60


def test_weighted_windows_count_the_covered_part_of_the_previous_window() -> None:
    limiter = make_limiter("weighted_windows", 60, 60)
    assert burst(limiter, 30) == 60
    assert burst(limiter, 60) == 0
    assert burst(limiter, 75) == 15
    assert burst(limiter, 90) == 15
    assert burst(limiter, 240) == 60


@every_algorithm
@given(calls=st.lists(st.tuples(st.floats(0, 20), st.sampled_from([1, 3])), min_size=10, max_size=60))
def test_a_client_that_waits_as_told_is_let_in_and_one_that_comes_earlier_is_not(
    algorithm: Algorithm, calls: list[tuple[float, int]]
) -> None:
    limiter, now = make_limiter(algorithm, 10, 60), 0.0
    for pause, units in calls:
        now += pause
        verdict = limiter.take(units, now)
        if verdict.allowed:
            continue
        assert 0 < verdict.retry_after <= 120
        assert not limiter.take(units, now + verdict.retry_after * 0.99 - 0.001).allowed
        now += verdict.retry_after + 1e-6
        assert limiter.take(units, now).allowed


@every_algorithm
@given(calls=st.lists(st.tuples(st.floats(0, 5), st.sampled_from([1, 3])), max_size=100))
def test_no_algorithm_lets_more_than_two_limits_pass_within_one_period(
    algorithm: Algorithm, calls: list[tuple[float, int]]
) -> None:
    limiter, now, passed = make_limiter(algorithm, 10, 60), 0.0, []
    for pause, units in calls:
        now += pause
        if limiter.take(units, now).allowed:
            passed.append((now, units))
    bound = 10 if algorithm == "sliding_log" else 20
    for start, _ in passed:
        assert sum(units for at, units in passed if start <= at < start + 60) <= bound


@every_algorithm
def test_the_server_charges_three_units_for_heavy_calls_and_names_what_remains(
    start: Callable[..., Client], algorithm: Algorithm
) -> None:
    client = start(make_settings(algorithm=algorithm, limit=7), clock=Clock(1_000_020.0))
    replies = [client.get("goals"), client.get("visitors", **DAY), client.get("visitors", **DAY), client.get("goals")]
    assert [reply.status_code for reply in replies] == [200, 200, 200, 429]
    assert [reply.headers["X-RateLimit-Remaining"] for reply in replies] == ["6", "3", "0", "0"]
    assert {reply.headers["X-RateLimit-Limit"] for reply in replies} == {"7"}
    assert replies[3].json()["error"]["code"] == "rate_limit_exceeded"
    assert (client.sandbox.units_spent, client.sandbox.rejections) == (7, 1)


def test_retry_after_is_whole_seconds_rounded_up_and_enough(start: Callable[..., Client]) -> None:
    clock = Clock(1_000_020.0)
    client = start(make_settings(limit=1), clock=clock)
    client.data("goals")
    clock.now += 0.5
    wait = client.get("goals").headers["Retry-After"]
    assert wait == str(math.ceil(60 - clock.now % 60))
    clock.now += int(wait)
    client.data("goals")


def test_retry_after_may_be_a_date_or_absent(start: Callable[..., Client]) -> None:
    client = start(make_settings(limit=1, retry_after="http_date"), clock=Clock(1_000_020.0))
    client.data("goals")
    until = parsedate_to_datetime(client.get("goals").headers["Retry-After"])
    assert 0 < (until - datetime.now(UTC)).total_seconds() <= 61
    client.sandbox.settings.retry_after = "absent"
    assert "Retry-After" not in client.get("goals").headers


def test_each_key_has_a_limit_of_its_own(start: Callable[..., Client]) -> None:
    client = start(make_settings(limit=1), clock=Clock(1_000_020.0))
    client.data("goals")
    assert client.get("goals").status_code == 429
    headers = {"Authorization": f"Bearer {DEFAULT_KEY}"}
    assert requests.get(f"{client.url}/goals", headers=headers, timeout=5).status_code == 200


def test_a_call_with_bad_parameters_is_charged_one_without_the_scope_is_not(start: Callable[..., Client]) -> None:
    client = start(make_settings(limit=2), clock=Clock(1_000_020.0))
    headers = {"Authorization": f"Bearer {DEFAULT_KEY}"}
    refused = requests.get(f"{client.url}/visitors", headers=headers, timeout=5)
    assert (refused.status_code, refused.headers["X-RateLimit-Remaining"]) == (403, "2")
    bad = client.get("overview")
    assert (bad.status_code, bad.headers["X-RateLimit-Remaining"]) == (400, "1")
