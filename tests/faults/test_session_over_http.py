"""One call to a server that refuses: which exception, how many requests and waits, and what they cost."""

import time
from collections.abc import Iterator
from email.utils import formatdate

import pytest
from scripted import KEY, META, Say, playing, refusal, session_for

from sandbox.atribu import FULL_KEY, Fault, Settings, Size, create_app, running
from sandbox.atribu.state import Sandbox
from sources.atribu.endpoints import ENDPOINTS
from sources.rest.calling.budget import Budget, CallTooDearError
from sources.rest.errors import (
    ApiError,
    InternalError,
    InvalidDateRangeError,
    InvalidParameterError,
    MissingScopeError,
    NotFoundError,
    RateLimitedError,
    RequestRejectedError,
    UnauthorizedError,
    UnavailableError,
)

GOALS = ENDPOINTS["goals"]
DAY = {"date_from": "2026-01-06", "date_to": "2026-01-06"}
GOOD = Say(headers={"X-Request-ID": "req_good"})


class Clock:
    """Seconds that pass only by sleeping; every nap is kept."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def budget(self) -> Budget:
        return Budget(1000, clock=self, sleep=self.sleep)


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
    ("status", "code", "expected", "requests"),
    [
        pytest.param(400, "invalid_parameter", InvalidParameterError, 1, id="invalid-parameter"),
        pytest.param(400, "invalid_date_range", InvalidDateRangeError, 1, id="invalid-date-range"),
        pytest.param(400, "something_new", RequestRejectedError, 1, id="a-code-that-nobody-knows"),
        pytest.param(401, "unauthorized", UnauthorizedError, 1, id="unauthorized"),
        pytest.param(403, "insufficient_scope", MissingScopeError, 1, id="insufficient-scope"),
        pytest.param(403, "forbidden", MissingScopeError, 1, id="forbidden"),
        pytest.param(404, "not_found", NotFoundError, 1, id="not-found"),
        pytest.param(422, None, RequestRejectedError, 1, id="without-a-code"),
        pytest.param(429, "rate_limit_exceeded", RateLimitedError, 3, id="rate-limit"),
        pytest.param(500, "internal_error", InternalError, 3, id="internal-error"),
        pytest.param(502, None, UnavailableError, 3, id="bad-gateway"),
        pytest.param(503, "service_unavailable", UnavailableError, 3, id="service-unavailable"),
        pytest.param(408, None, UnavailableError, 3, id="time-out-of-the-server"),
    ],
)
def test_a_refusal_is_its_own_exception_with_the_request_id(
    status: int, code: str | None, expected: type[ApiError], requests: int
) -> None:
    with (
        playing(refusal(status, code, "Not like this.")) as script,
        session_for(script.url) as session,
        pytest.raises(ApiError) as caught,
    ):
        session.get(GOALS, {})
    error = caught.value
    assert type(error) is expected
    assert (error.endpoint, error.status, error.code, error.request_id) == ("goals", status, code, "req_1")
    assert "request req_1), server says: 'Not like this.'" in str(error)
    assert (len(script.heard), error.tries, session.calls, session.retries) == (
        requests,
        requests,
        requests,
        requests - 1,
    )


def test_a_request_id_in_the_body_is_used_where_the_header_lacks() -> None:
    body = {"error": {"code": "unauthorized", "message": "No.", "request_id": "req_body"}}
    with (
        playing(Say(status=401, body=body)) as script,
        session_for(script.url) as session,
        pytest.raises(UnauthorizedError) as caught,
    ):
        session.get(GOALS, {})
    assert caught.value.request_id == "req_body"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<html>Forbidden</html>", id="html"),
        pytest.param({"error": "no"}, id="error-as-text"),
        pytest.param({"error": None}, id="null"),
        pytest.param([1], id="list"),
        pytest.param({"error": {"code": 7, "message": {"a": 1}, "request_id": [1]}}, id="other-types"),
    ],
)
def test_a_refusal_with_another_body_is_still_told_by_its_status(body: object) -> None:
    with (
        playing(Say(status=403, body=body)) as script,
        session_for(script.url) as session,
        pytest.raises(MissingScopeError) as caught,
    ):
        session.get(GOALS, {})
    assert str(caught.value) == (
        "goals: the API key lacks the scope that this needs (403);"
        " give the key the scope, or leave the resource out with --resources"
    )


def test_a_message_of_the_server_is_shown_without_key_address_and_query() -> None:
    message = f"\x1b[31m{KEY} of jane@example.com at /goals?search=jane is wrong\x1b[0m"
    with (
        playing(refusal(401, "unauthorized", message)) as script,
        session_for(script.url) as session,
        pytest.raises(UnauthorizedError, match=r"server says: '<key> of <e-mail> at /goals\?<query> is wrong'"),
    ):
        session.get(GOALS, {})


def test_a_good_answer_is_its_body_and_the_request_id() -> None:
    with playing(Say(data=[1], headers={"X-Request-ID": "req_9"})) as script, session_for(script.url) as session:
        reply = session.get(GOALS, {"limit": "100"})
    assert (reply.body, reply.request_id) == ({"data": [1], "meta": META}, "req_9")
    heard = script.heard[0]
    assert (heard.path, heard.query) == ("/goals", {"limit": "100"})
    assert (heard.headers["authorization"], heard.headers["accept"]) == (f"Bearer {KEY}", "application/json")


def test_ids_in_the_path_cannot_leave_their_place() -> None:
    with playing(GOOD) as script, session_for(script.url) as session:
        session.get(ENDPOINTS["journeys"], {"id": "../goals?x=1"})
    assert (script.heard[0].path, script.heard[0].query) == ("/customers/../goals?x=1/journey", {})


@pytest.mark.parametrize(
    "value",
    [pytest.param("120", id="whole"), pytest.param("120.0", id="fraction")],
)
def test_a_429_waits_as_long_as_the_server_asks(clock: Clock, value: str) -> None:
    with (
        playing(refusal(429, "rate_limit_exceeded", Retry_After=value), GOOD) as script,
        session_for(script.url, budget=clock.budget()) as session,
    ):
        assert session.get(GOALS, {}).request_id == "req_good"
    assert clock.slept == [120.0]
    assert (len(script.heard), session.retries) == (2, 1)


def test_a_429_waits_until_the_moment_that_the_server_names(clock: Clock) -> None:
    moment = formatdate(time.time() + 200, usegmt=True)
    with (
        playing(refusal(429, "rate_limit_exceeded", Retry_After=moment), GOOD) as script,
        session_for(script.url, budget=clock.budget()) as session,
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
        session_for(script.url, budget=clock.budget(), tries=4, base=2.0) as session,
    ):
        session.get(GOALS, {})
    assert len(script.heard) == 4
    assert len(clock.slept) == 3
    assert all(0 <= wait <= ceiling for wait, ceiling in zip(clock.slept, (2.0, 4.0, 8.0), strict=True))


def test_a_wait_without_a_retry_after_never_exceeds_a_minute(clock: Clock) -> None:
    with (
        playing(refusal(500)) as script,
        session_for(script.url, budget=clock.budget(), tries=12, base=50.0) as session,
        pytest.raises(UnavailableError),
    ):
        session.get(GOALS, {})
    assert len(clock.slept) == 11
    assert max(clock.slept) <= 60


def test_no_call_of_the_key_leaves_while_a_429_asks_to_wait(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    budget = clock.budget()
    waits = []

    def sleep(seconds: float) -> None:
        waits.append(budget.reserve(1))
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
        session_for(script.url, budget=clock.budget(), seconds=300.0) as session,
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


def test_the_limit_that_the_server_names_lowers_the_budget_and_is_kept() -> None:
    headers = {"X-RateLimit-Limit": "7", "X-RateLimit-Remaining": "2"}
    budget = Budget(60)
    with playing(Say(headers=headers)) as script, session_for(script.url, budget=budget) as session:
        session.get(GOALS, {})
    assert (session.limit_seen, budget.limit) == (7, 7)
    assert [budget.reserve(1) > 0 for _ in range(3)] == [False, False, True]


@pytest.mark.parametrize("value", ["", "many", "-1", "6.5"])
def test_a_limit_that_is_no_whole_number_is_passed_over(value: str) -> None:
    headers = {"X-RateLimit-Limit": value, "X-RateLimit-Remaining": value}
    budget = Budget(60)
    with playing(Say(headers=headers)) as script, session_for(script.url, budget=budget) as session:
        session.get(GOALS, {})
    assert (session.limit_seen, budget.limit) == (None, 60)


def test_a_call_dearer_than_the_limit_never_leaves() -> None:
    with (
        playing(GOOD) as script,
        session_for(script.url, budget=Budget(2)) as session,
        pytest.raises(CallTooDearError, match="a call of 3 units cannot pass a limit of 2 per period"),
    ):
        session.get(ENDPOINTS["visitors"], DAY)
    assert (script.heard, session.calls) == ([], 0)
