"""One call: what is sent, what comes back, and which exception a refusal is."""

import pytest

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
from tests.scripted import KEY, META, Say, playing, refusal, session_for

GOALS = ENDPOINTS["goals"]
GOOD = Say(headers={"X-Request-ID": "req_good"})


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


def test_the_limit_that_the_server_names_lowers_the_budget_and_is_kept() -> None:
    headers = {"X-RateLimit-Limit": "7", "X-RateLimit-Remaining": "2"}
    budget = Budget(60)
    with playing(Say(headers=headers)) as script, session_for(script.url, budget=budget) as session:
        session.get(GOALS, {})
    assert (session.limit_seen, budget.limit) == (7, 7)
    assert [budget.reserve(1).wait > 0 for _ in range(3)] == [False, False, True]


@pytest.mark.parametrize("value", ["", "many", "-1", "6.5", pytest.param("9" * 5000, id="5000-digits")])
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
        session.get(ENDPOINTS["visitors"], {})
    assert (script.heard, session.calls) == ([], 0)
