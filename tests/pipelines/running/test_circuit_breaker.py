"""Which failures are one person's own, and which are the endpoint's."""

import pytest

from pipelines.running.circuit_breaker import CircuitBreaker
from sources.atribu.endpoints import ENDPOINTS
from sources.rest import errors
from sources.rest.reading.answers import Failure
from sources.rest.reading.tasks import Task

JOURNEYS = ENDPOINTS["journeys"]


def failure(kind: type[errors.ApiError], who: str = "p1") -> Failure:
    """Somebody's journey that the API has not given."""
    return Failure(Task(JOURNEYS, parent=who), kind(endpoint="journeys"))


@pytest.mark.parametrize(
    "kind",
    [errors.NotFoundError, errors.InvalidParameterError, errors.RequestRejectedError, errors.UnexpectedBodyError],
)
def test_a_refusal_of_one_person_is_theirs_and_five_in_a_row_are_not(kind: type[errors.ApiError]) -> None:
    breaker = CircuitBreaker()
    found = [breaker.is_of_one_person(failure(kind, f"p{number}")) for number in range(5)]
    assert found == [True, True, True, True, False]


def test_whoever_has_failed_before_is_not_counted_towards_the_row() -> None:
    breaker = CircuitBreaker()
    breaker.failed_before = frozenset(f"p{number}" for number in range(10))
    known = [breaker.is_of_one_person(failure(errors.NotFoundError, f"p{number}")) for number in range(10)]
    new = [breaker.is_of_one_person(failure(errors.NotFoundError, f"q{number}")) for number in range(5)]
    assert (known, new) == ([True] * 10, [True, True, True, True, False])


@pytest.mark.parametrize("kind", [errors.UnauthorizedError, errors.UnavailableError, errors.RateLimitedError])
def test_what_the_key_or_the_server_does_is_nobodys(kind: type[errors.ApiError]) -> None:
    assert not CircuitBreaker().is_of_one_person(failure(kind))


def test_a_scope_may_be_missing_until_somebody_was_answered() -> None:
    breaker = CircuitBreaker()
    assert not breaker.is_of_one_person(failure(errors.MissingScopeError))
    breaker.succeeded(Task(JOURNEYS, parent="p2"))
    assert breaker.is_of_one_person(failure(errors.MissingScopeError))


def test_a_window_is_no_person() -> None:
    task = Task(ENDPOINTS["goals"])
    assert not CircuitBreaker().is_of_one_person(Failure(task, errors.NotFoundError(endpoint="goals")))


def test_a_server_that_falls_silent_five_times_in_a_row_is_gone_and_a_single_reset_says_nothing() -> None:
    breaker = CircuitBreaker()
    reset = errors.UnreachableError(endpoint="channels")
    for number in range(4):
        breaker.failed(Failure(Task(ENDPOINTS["channels"], variant=(("model", str(number)),)), reset))
    assert breaker.stopped is None
    breaker.failed(Failure(Task(ENDPOINTS["goals"]), reset))
    assert breaker.stopped is reset


def test_rejections_that_are_all_alike_end_a_run_only_if_nothing_was_answered() -> None:
    rejected = errors.NotFoundError(endpoint="goals")
    first, later = CircuitBreaker(), CircuitBreaker()
    later.succeeded(Task(ENDPOINTS["goals"]))
    for breaker in (first, later):
        for _ in range(4):
            breaker.failed(Failure(Task(ENDPOINTS["goals"]), rejected))
    assert (first.stopped, later.stopped) == (rejected, None)


def test_a_redirect_ends_a_run_only_if_nothing_was_answered() -> None:
    goals, redirect = Task(ENDPOINTS["goals"]), errors.RedirectError(endpoint="goals")
    first, later = CircuitBreaker(), CircuitBreaker()
    first.failed(Failure(goals, redirect))
    later.succeeded(Task(ENDPOINTS["channels"]))
    later.failed(Failure(goals, redirect))
    assert (first.stopped, later.stopped) == (redirect, None)
