"""What fails is tried again as often and as late as configured, and every try is paid for."""

import time
from collections.abc import Iterator
from email.utils import formatdate

import pytest

from sandbox.atribu import FULL_KEY, Fault, Settings, Size, create_app, running
from sandbox.atribu.state import Sandbox
from sources.atribu.endpoints import ENDPOINTS
from sources.rest.calling.budget import Budget
from sources.rest.errors import (
    ApiError,
    InternalError,
    UnavailableError,
)
from tests.clock import Clock
from tests.scripted import Say, playing, refusal, session_for

GOALS = ENDPOINTS["goals"]
DAY = {"date_from": "2026-01-06", "date_to": "2026-01-06"}
GOOD = Say(headers={"X-Request-ID": "req_good"})


def budget_of(clock: Clock) -> Budget:
    return Budget(1000, clock=clock, sleep=clock.sleep)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("backoff._sync.time", clock)
    return clock


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, Sandbox]]:
    app = create_app(Settings(limit=100_000, size=Size(visits_per_day=5, conversions_per_day=2)))
    with running(app) as url:
        yield url, app.state.sandbox


@pytest.fixture
def sandbox(served: tuple[str, Sandbox]) -> Iterator[tuple[str, Sandbox]]:
    url, sandbox = served
    sandbox.log.clear()
    yield url, sandbox
    sandbox.faults.clear()


@pytest.mark.parametrize(
    "value",
    [pytest.param("120", id="whole"), pytest.param("120.0", id="fraction")],
)
def test_a_429_waits_as_long_as_the_server_asks(clock: Clock, value: str) -> None:
    with (
        playing(refusal(429, "rate_limit_exceeded", Retry_After=value), GOOD) as script,
        session_for(script.url, budget=budget_of(clock)) as session,
    ):
        assert session.get(GOALS, {}).request_id == "req_good"
    assert clock.slept == [120.0]
    assert (len(script.heard), session.retries) == (2, 1)


def test_a_429_waits_until_the_moment_that_the_server_names(clock: Clock) -> None:
    moment = formatdate(time.time() + 200, usegmt=True)
    with (
        playing(refusal(429, "rate_limit_exceeded", Retry_After=moment), GOOD) as script,
        session_for(script.url, budget=budget_of(clock)) as session,
    ):
        session.get(GOALS, {})
    assert len(clock.slept) == 1
    assert 100 < clock.slept[0] <= 200


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="absent"),
        pytest.param({"Retry_After": "0"}, id="zero"),
        pytest.param({"Retry_After": "soon"}, id="garbage"),
        pytest.param({"Retry_After": "-5"}, id="negative"),
        pytest.param({"Retry_After": "Wed, 21 Oct 2015 07:28:00 GMT"}, id="past"),
    ],
)
def test_a_429_that_names_no_wait_is_tried_again_after_growing_ones(clock: Clock, headers: dict[str, str]) -> None:
    limited = refusal(429, "rate_limit_exceeded", **headers)
    with (
        playing(limited, limited, limited, GOOD) as script,
        session_for(script.url, budget=budget_of(clock), tries=4, base=2.0) as session,
    ):
        session.get(GOALS, {})
    assert len(script.heard) == 4
    assert len(clock.slept) == 3
    assert all(0 <= wait <= ceiling for wait, ceiling in zip(clock.slept, (2.0, 4.0, 8.0), strict=True))


def test_a_wait_without_a_retry_after_never_exceeds_a_minute(clock: Clock) -> None:
    with (
        playing(refusal(500)) as script,
        session_for(script.url, budget=budget_of(clock), tries=12, base=50.0) as session,
        pytest.raises(UnavailableError),
    ):
        session.get(GOALS, {})
    assert len(clock.slept) == 11
    assert max(clock.slept) <= 60


def test_no_call_of_the_key_leaves_while_a_429_asks_to_wait(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    budget = budget_of(clock)
    waits = []

    def sleep(seconds: float) -> None:
        waits.append(budget.reserve(1).wait)
        clock.now += seconds

    monkeypatch.setattr(clock, "sleep", sleep)
    with (
        playing(refusal(429, "rate_limit_exceeded", Retry_After="30"), GOOD) as script,
        session_for(script.url, budget=budget, tries=2) as session,
    ):
        session.get(GOALS, {})
    assert waits == [30.0]


@pytest.mark.parametrize("status", [pytest.param(429, id="429"), pytest.param(503, id="503")])
def test_a_retry_after_beyond_the_retry_time_fails_at_once_and_is_told(clock: Clock, status: int) -> None:
    with (
        playing(refusal(status, Retry_After="3600")) as script,
        session_for(script.url, budget=budget_of(clock), seconds=300.0) as session,
        pytest.raises(ApiError, match="it asks to wait 3600 s") as caught,
    ):
        session.get(GOALS, {})
    assert caught.value.retry_after == 3600
    assert (len(script.heard), clock.slept) == (1, [])


@pytest.mark.parametrize("tries", [1, 2, 5])
def test_a_call_is_sent_exactly_as_often_as_configured(tries: int) -> None:
    with (
        playing(refusal(500, "internal_error")) as script,
        session_for(script.url, tries=tries) as session,
        pytest.raises(InternalError) as caught,
    ):
        session.get(GOALS, {})
    assert (len(script.heard), session.calls, session.retries) == (tries, tries, tries - 1)
    assert caught.value.tries == tries


def test_a_second_call_has_tries_of_its_own() -> None:
    with playing(refusal(500), refusal(500), GOOD, refusal(500), refusal(500), GOOD) as script:
        with session_for(script.url) as session:
            session.get(GOALS, {})
            session.get(GOALS, {})
        assert (len(script.heard), session.retries) == (6, 4)


@pytest.mark.parametrize(
    ("name", "kind", "times", "charged"),
    [
        pytest.param("channels", "500", 2, 3, id="errors-are-charged-by-the-server-too"),
        pytest.param("channels", "truncated", 1, 2, id="cut-answers-are-charged-too"),
        pytest.param("channels", "429_without_retry_after", 2, 1, id="rejections-cost-the-server-nothing"),
        pytest.param("channels", "reset", 1, 1, id="resets-cost-the-server-nothing"),
        pytest.param("visitors", "503", 1, 6, id="heavy-calls-cost-three-each-time"),
    ],
)
def test_every_try_is_paid_so_that_the_server_never_charges_more_than_the_budget(
    sandbox: tuple[str, Sandbox], name: str, kind: str, times: int, charged: int
) -> None:
    url, server = sandbox
    endpoint = ENDPOINTS[name]
    server.faults.append(Fault(name, kind, times=times))  # type: ignore[arg-type] # a row's text
    with session_for(url, key=FULL_KEY) as session:
        session.get(endpoint, DAY)
    sent = times + 1
    assert [entry.path for entry in server.log] == [name] * sent
    assert server.units_spent == charged
    assert (session.calls, session.budget.spent, dict(session.units)) == (
        sent,
        sent * endpoint.units,
        {name: sent * endpoint.units},
    )
