"""The exit code is the one that needs a person most; what fails again and again is not asked for any more."""

from collections.abc import Sequence

import pytest

from pipelines.destinations.waiting import DestinationBusyError
from pipelines.running.circuit_breaker import CircuitBreaker
from pipelines.running.exit_codes import ExitCode, exit_code
from pipelines.running.outcome import Outcome
from sources.atribu.endpoints import ENDPOINTS
from sources.rest.errors import (
    ApiError,
    ConfigurationError,
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
    UnconnectedError,
    UnexpectedBodyError,
    UnreachableError,
)
from sources.rest.reading.answers import Failure
from sources.rest.reading.tasks import Task

CHANNELS, PAGES = Task(ENDPOINTS["channels"]), Task(ENDPOINTS["pages"])


def api_error(kind: type[ApiError]) -> ApiError:
    return kind(endpoint="channels")


def failures(*kinds: type[ApiError]) -> list[Failure]:
    return [Failure(CHANNELS, api_error(kind)) for kind in kinds]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(api_error(UnauthorizedError), 77, id="key"),
        pytest.param(api_error(MissingScopeError), 77, id="scope"),
        pytest.param(api_error(RateLimitedError), 75, id="rate-limit"),
        pytest.param(api_error(UnavailableError), 75, id="server-away"),
        pytest.param(api_error(InternalError), 75, id="server-error"),
        pytest.param(api_error(SlowAnswerError), 75, id="slow"),
        pytest.param(api_error(UnreachableError), 75, id="no-network"),
        pytest.param(api_error(UnconnectedError), 75, id="no-connection"),
        pytest.param(DestinationBusyError(), 75, id="destination-busy"),
        pytest.param(api_error(RedirectError), 78, id="redirect"),
        pytest.param(ConfigurationError(), 78, id="configuration"),
        pytest.param(api_error(RequestRejectedError), 4, id="rejected"),
        pytest.param(api_error(NotFoundError), 4, id="not-found"),
        pytest.param(api_error(UnexpectedBodyError), 4, id="not-the-contract"),
        pytest.param(api_error(TruncatedBodyError), 4, id="cut-short"),
        pytest.param(api_error(ApiError), 4, id="anything-else-of-the-api"),
        pytest.param(ValueError("x"), 70, id="nobody-foresaw-it"),
    ],
)
def test_every_error_calls_for_one_exit_code(error: BaseException, expected: int) -> None:
    assert exit_code(error) == expected


def test_what_is_no_error_is_raised_again() -> None:
    error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt) as raised:
        exit_code(error)
    assert raised.value is error


def test_names_and_numbers_of_the_exit_codes_are_those_of_the_manual() -> None:
    assert {code.name.lower(): code.value for code in ExitCode} == {
        "done": 0,
        "usage": 2,
        "allowance": 3,
        "failed_windows": 4,
        "stale": 5,
        "internal": 70,
        "later": 75,
        "refused": 77,
        "configuration": 78,
        "interrupted": 130,
        "terminated": 143,
    }


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        pytest.param(Outcome(), 0, id="nothing-to-say"),
        pytest.param(Outcome(allowance_reached=True), 3, id="allowance"),
        pytest.param(Outcome(unproved=[CHANNELS]), 4, id="not-proved"),
        pytest.param(Outcome(unproved=[CHANNELS], allowance_reached=True), 3, id="not-proved-for-want-of-allowance"),
        pytest.param(Outcome(not_compared={"pages"}), 4, id="nothing-was-compared"),
        pytest.param(Outcome(not_compared={"pages"}, compared={"channels"}), 0, id="something-was-compared"),
        pytest.param(
            Outcome(not_compared={"pages"}, allowance_reached=True), 3, id="not-compared-for-want-of-allowance"
        ),
        pytest.param(Outcome(failures=failures(UnexpectedBodyError), allowance_reached=True), 4, id="failed-and-3"),
        pytest.param(Outcome(failures=failures(UnexpectedBodyError, UnavailableError)), 75, id="failed-and-away"),
        pytest.param(Outcome(failures=failures(InternalError)), 75, id="away-and-nothing-answered"),
        pytest.param(Outcome(failures=failures(InternalError, SlowAnswerError), answered=1), 4, id="some-answered"),
        pytest.param(Outcome(failures=failures(RedirectError), answered=1), 4, id="one-day-elsewhere"),
        pytest.param(Outcome(failures=failures(MissingScopeError, InternalError), answered=1), 77, id="scope-and-500"),
        pytest.param(
            Outcome(failures=failures(InternalError), stopped=api_error(UnreachableError), answered=1),
            75,
            id="gone-in-the-middle",
        ),
        pytest.param(Outcome(failures=failures(MissingScopeError, UnavailableError)), 77, id="scope-and-away"),
        pytest.param(
            Outcome(failures=failures(MissingScopeError), stopped=api_error(RedirectError)), 78, id="redirect"
        ),
        pytest.param(Outcome(stopped=api_error(RateLimitedError), unproved=[CHANNELS]), 75, id="stopped-by-the-limit"),
        pytest.param(Outcome(stopped=api_error(UnauthorizedError), failures=failures(ApiError)), 77, id="key"),
        pytest.param(
            Outcome(stopped_by=ExitCode.TERMINATED, failures=failures(MissingScopeError), allowance_reached=True),
            143,
            id="terminated-whatever-else",
        ),
        pytest.param(
            Outcome(stopped_by=ExitCode.INTERRUPTED, stopped=api_error(RedirectError)),
            130,
            id="interrupted-all-the-same",
        ),
        pytest.param(Outcome(skipped=[CHANNELS], truncated=[CHANNELS], notes=["x"]), 0, id="remarks-are-no-failures"),
    ],
)
def test_the_exit_code_is_the_one_that_needs_a_person_most(outcome: Outcome, expected: int) -> None:
    assert outcome.exit_code == expected


@pytest.mark.parametrize(
    ("kinds", "left_alone"),
    [
        pytest.param([RequestRejectedError], True, id="rejected-once"),
        pytest.param([InvalidParameterError], True, id="a-parameter-once"),
        pytest.param([InvalidDateRangeError], True, id="a-range-once"),
        pytest.param([NotFoundError], True, id="not-found-once"),
        pytest.param([UnavailableError], False, id="away-once"),
        pytest.param([UnavailableError] * 2, True, id="away-twice"),
        pytest.param([SlowAnswerError, InternalError], True, id="slow-and-broken"),
        pytest.param([UnexpectedBodyError] * 4, False, id="not-the-contract-four-times"),
        pytest.param([UnexpectedBodyError] * 5, True, id="not-the-contract-five-times"),
        pytest.param([UnexpectedBodyError, UnavailableError], True, id="failures-of-all-kinds-count"),
        pytest.param([ApiError] * 5, True, id="anything-else-five-times"),
    ],
)
def test_an_endpoint_is_left_alone_after_as_many_failures_in_a_row_as_its_last_error_is_worth(
    kinds: Sequence[type[ApiError]],
    left_alone: bool,  # noqa: FBT001 - the expected value
) -> None:
    patience = CircuitBreaker()
    for failure in failures(*kinds):
        assert not patience.skips(CHANNELS)
        patience.failed(failure)
    assert (patience.skips(CHANNELS), patience.skips(PAGES), patience.stopped) == (left_alone, False, None)


def test_a_missing_scope_leaves_alone_everything_that_needs_it() -> None:
    patience = CircuitBreaker()
    patience.failed(Failure(CHANNELS, api_error(MissingScopeError)))
    skipped = [patience.skips(task) for task in (CHANNELS, PAGES, Task(ENDPOINTS["campaigns"]))]
    assert (skipped, patience.missing) == ([True, True, False], {"analytics:read": {"channels"}})


def test_an_answer_makes_earlier_failures_of_its_endpoint_forgotten_and_of_no_other() -> None:
    patience = CircuitBreaker()
    for task in (CHANNELS, PAGES):
        patience.failed(Failure(task, api_error(UnavailableError)))
    patience.succeeded(CHANNELS)
    for task in (CHANNELS, PAGES):
        patience.failed(Failure(task, api_error(UnavailableError)))
    assert (patience.skips(CHANNELS), patience.skips(PAGES)) == (False, True)


def test_a_late_answer_does_not_bring_back_an_endpoint_that_is_left_alone() -> None:
    patience = CircuitBreaker()
    patience.failed(Failure(CHANNELS, api_error(NotFoundError)))
    patience.succeeded(CHANNELS)
    assert patience.skips(CHANNELS)


@pytest.mark.parametrize("kind", [UnauthorizedError, RateLimitedError, UnconnectedError, RedirectError])
def test_an_error_that_every_call_would_meet_stops_everything_at_once(kind: type[ApiError]) -> None:
    patience = CircuitBreaker()
    first, second = Failure(CHANNELS, api_error(kind)), Failure(PAGES, api_error(UnauthorizedError))
    patience.failed(first)
    patience.failed(second)
    assert patience.stopped is first.error
    assert patience.skips(PAGES)
    assert patience.skips(Task(ENDPOINTS["goals"]))
