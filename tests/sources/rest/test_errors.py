"""Every refusal has its own exception; its one line names what helps and shows nothing that is secret or personal."""

import pytest

from sources.atribu.api import ATRIBU
from sources.rest.errors import (
    TEXT_MAX,
    ApiError,
    InternalError,
    InvalidDateRangeError,
    InvalidParameterError,
    MissingScopeError,
    NotFoundError,
    RateLimitedError,
    RedirectError,
    RequestRejectedError,
    SlowAnswerError,
    TruncatedBodyError,
    UnauthorizedError,
    UnavailableError,
    UnexpectedBodyError,
    UnreachableError,
    error_type,
    sanitized,
)

KEY = "atb_live_4f9c2d"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Invalid date range", "Invalid date range", id="plain"),
        pytest.param("a\x00b\tc\r\nd\x7fe\x9ff", "a b c d e f", id="control-characters"),
        pytest.param("one\u2028two\u202ethree\u2066four", "one two three four", id="line-and-direction-marks"),
        pytest.param("\x1b[31;1mred\x1b[0m and \x1b[2Jblank", "red and blank", id="ansi"),
        pytest.param("a  \n  b", "a b", id="runs-of-space"),
        pytest.param("unknown person jane.doe+x@example.co.uk here", "unknown person <e-mail> here", id="e-mail"),
        pytest.param("<jane@example.com>", "<<e-mail>>", id="e-mail-in-brackets"),
        pytest.param("mailto:(jane@example.com)", "mailto:(<e-mail>)", id="e-mail-in-parentheses"),
        pytest.param(f"the key {KEY} is revoked", "the key <key> is revoked", id="key"),
        pytest.param("atb_user_9A and atb_live_7", "<key> and <key>", id="two-keys"),
        pytest.param("Authorization: Bearer eyJhbGciOi.x-y_z", "Authorization: Bearer <key>", id="bearer"),
        pytest.param("api_key=abc123 is wrong", "api_key <key> is wrong", id="api-key-pair"),
        pytest.param("api-key: abc123", "api-key <key>", id="api-key-header"),
        pytest.param("GET /x?search=jane&limit=1 failed", "GET /x?<query> failed", id="query-string"),
        pytest.param("see https://host/a?b=c", "see https://host/a?<query>", id="query-string-of-an-address"),
        pytest.param("really? yes", "really? yes", id="question-mark"),
        pytest.param("x" * 200, "x" * 200, id="as-long-as-allowed"),
        pytest.param("x" * 201, "x" * 199 + "…", id="too-long"),
        pytest.param("", "", id="empty"),
        pytest.param(None, "", id="none"),
        pytest.param({"email": "jane@example.com"}, "", id="object"),
        pytest.param(5, "", id="number"),
    ],
)
def test_server_text_is_shown_without_what_a_terminal_or_a_log_must_not_hold(text: object, expected: str) -> None:
    assert sanitized(text) == expected


def test_a_secret_is_not_saved_by_standing_where_the_text_is_cut() -> None:
    text = "x" * (TEXT_MAX - 12) + f" {KEY}"
    assert sanitized(text) == "x" * (TEXT_MAX - 12) + " <key>"


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        pytest.param(401, "unauthorized", UnauthorizedError, id="unauthorized"),
        pytest.param(403, "insufficient_scope", MissingScopeError, id="insufficient-scope"),
        pytest.param(403, "forbidden", MissingScopeError, id="forbidden"),
        pytest.param(429, "rate_limit_exceeded", RateLimitedError, id="rate-limit-exceeded"),
        pytest.param(400, "invalid_parameter", InvalidParameterError, id="invalid-parameter"),
        pytest.param(400, "invalid_date_range", InvalidDateRangeError, id="invalid-date-range"),
        pytest.param(500, "internal_error", InternalError, id="internal-error"),
        pytest.param(502, "internal_error", InternalError, id="internal-error-of-a-gateway"),
        pytest.param(503, "service_unavailable", UnavailableError, id="service-unavailable"),
        pytest.param(401, None, UnauthorizedError, id="401"),
        pytest.param(403, None, MissingScopeError, id="403"),
        pytest.param(404, None, NotFoundError, id="404"),
        pytest.param(408, None, UnavailableError, id="408"),
        pytest.param(429, None, RateLimitedError, id="429"),
        pytest.param(400, None, RequestRejectedError, id="400"),
        pytest.param(405, None, RequestRejectedError, id="405"),
        pytest.param(418, "teapot", RequestRejectedError, id="a-status-and-a-code-that-nobody-knows"),
        pytest.param(500, None, UnavailableError, id="500"),
        pytest.param(502, None, UnavailableError, id="502"),
        pytest.param(503, None, UnavailableError, id="503"),
        pytest.param(504, None, UnavailableError, id="504"),
        pytest.param(599, None, UnavailableError, id="599"),
        pytest.param(400, "internal_error", RequestRejectedError, id="a-code-does-not-make-a-refusal-a-retry"),
        pytest.param(500, "invalid_parameter", UnavailableError, id="a-code-does-not-make-a-retry-a-refusal"),
        pytest.param(401, "rate_limit_exceeded", UnauthorizedError, id="a-revoked-key-is-not-retried"),
    ],
)
def test_status_and_code_choose_the_exception(status: int, code: str | None, expected: type[ApiError]) -> None:
    assert error_type(status, code, ATRIBU.codes) is expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        pytest.param(RateLimitedError, True, id="rate-limit"),
        pytest.param(UnavailableError, True, id="unavailable"),
        pytest.param(InternalError, True, id="internal-error"),
        pytest.param(SlowAnswerError, True, id="slow"),
        pytest.param(UnreachableError, True, id="unreachable"),
        pytest.param(TruncatedBodyError, True, id="truncated"),
        pytest.param(UnexpectedBodyError, False, id="unexpected-body"),
        pytest.param(UnauthorizedError, False, id="unauthorized"),
        pytest.param(MissingScopeError, False, id="missing-scope"),
        pytest.param(RequestRejectedError, False, id="rejected"),
        pytest.param(InvalidParameterError, False, id="invalid-parameter"),
        pytest.param(InvalidDateRangeError, False, id="invalid-date-range"),
        pytest.param(NotFoundError, False, id="not-found"),
        pytest.param(RedirectError, False, id="redirect"),
    ],
)
def test_only_what_may_pass_is_tried_again(kind: type[ApiError], expected: bool) -> None:  # noqa: FBT001 - a row's value
    assert kind.retryable is expected


def test_a_message_names_endpoint_status_code_request_and_what_to_do() -> None:
    error = MissingScopeError(
        endpoint="campaigns",
        status=403,
        code="insufficient_scope",
        request_id="req_1",
        server_message="Needs campaigns:read",
    )
    assert str(error) == (
        "campaigns: the API key lacks the scope that this needs (403, insufficient_scope, request req_1),"
        " server says: 'Needs campaigns:read'; give the key the scope, or leave the resource out with --resources"
    )
    assert (error.endpoint, error.status, error.code, error.request_id) == (
        "campaigns",
        403,
        "insufficient_scope",
        "req_1",
    )


def test_a_message_has_no_empty_places_for_what_is_not_known() -> None:
    assert str(UnexpectedBodyError("the answer lacks data", endpoint="goals")) == "goals: the answer lacks data"
    assert str(RequestRejectedError(endpoint="goals", code="")) == "goals: the API rejects the request"


def test_a_message_says_how_long_the_server_asks_to_wait() -> None:
    assert str(RateLimitedError(endpoint="goals", status=429, retry_after=59.6)) == (
        "goals: the rate limit of the key is used up (429), it asks to wait 60 s;"
        " another program may be using the same key; run again later, or lower rate_limit"
    )


def test_a_message_never_shows_a_key_an_address_or_a_query_wherever_the_server_puts_it() -> None:
    secret = f"{KEY} jane@example.com /x?search=jane"
    error = InvalidParameterError(
        endpoint="customers", status=400, code=secret, request_id=secret, server_message=secret
    )
    text = f"{error} {error!r} {error.code} {error.request_id}"
    assert [word for word in ("4f9c2d", "example.com", "jane", "search") if word in text] == []
    assert "<key> <e-mail> /x?<query>" in str(error)


@pytest.mark.parametrize(
    "value", [pytest.param(7, id="number"), pytest.param(["a"], id="list"), pytest.param("", id="empty")]
)
def test_a_code_that_is_no_text_is_left_out(value: object) -> None:
    error = RequestRejectedError(endpoint="goals", code=value, request_id=value)  # type: ignore[arg-type] # from a server
    assert (error.code, error.request_id, str(error)) == (None, None, "goals: the API rejects the request")
