"""The one place where a call leaves: key, budget, retries, typed errors."""

import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import backoff

from sources.rest.calling.address import checked_base_url, url_of
from sources.rest.calling.answer import Reply, judged
from sources.rest.calling.budget import Budget, BudgetClosedError, Waiting
from sources.rest.calling.http_client import HttpClient
from sources.rest.calling.keys import Keys
from sources.rest.calling.retry import RetryPolicy
from sources.rest.catalogue.api import Api, Call
from sources.rest.errors import ApiError, RateLimitedError, SlowAnswerError, UnauthorizedError, UnconnectedError

SLOW: Final = 2.0
"""Seconds after which an answer is what is waited for, whatever other calls wait for."""


class Session:
    """Calls one API with one key; thread-safe.

    Attributes:
        units: units spent, by endpoint; every try counts.
        calls: requests sent.
        retries: those that repeated an earlier one.
        limit_seen: the rate limit that the server last named.
        keys: the keys that go with requests.

    Args:
        api: the vendor's conventions.
        base_url: see `checked_base_url`.
        keys: what goes with a request.
        budget: pays for every try.
        retry: how long one call is worth.
        connections: calls in flight at once.
    """

    def __init__(
        self, api: Api, *, base_url: str, keys: Keys, budget: Budget, retry: RetryPolicy, connections: int = 8
    ) -> None:
        self.api = api
        self.keys = keys
        self.budget = budget
        self.units: Counter[str] = Counter()
        self.limit_seen: int | None = None
        self.calls = 0
        self.retries = 0
        self._base_url = checked_base_url(base_url)
        self._retry = retry
        self._lock = threading.Lock()
        self._refused: ApiError | None = None
        self._under_way: dict[int, tuple[float, str]] = {}
        self._tried_again = 0.0
        self._http = HttpClient(
            self._base_url, timeout=retry.timeout, connections=connections, max_bytes=retry.max_bytes
        )
        self._send = backoff.on_exception(
            backoff.runtime,
            ApiError,
            value=self._wait,
            jitter=None,
            max_tries=retry.tries,
            giveup=retry.gives_up,
            on_backoff=self._count_retry,
            logger=None,
        )(self._try)

    @property
    def spent(self) -> tuple[int, int, int]:
        """Units, calls and retries so far."""
        return self.budget.spent, self.calls, self.retries

    def get(self, call: Call, params: Mapping[str, str]) -> Reply:
        """Call an endpoint and return its answer; where the key is refused, the next one is tried.

        Raises:
            ApiError: one subclass per condition, after the retries are spent; once the server has asked to wait longer
                than a run waits, the same again, and nothing is sent.
            BudgetClosedError: nothing may be spent any more, or the time of the run is over before the answer came.
            CallTooDearError: the call costs more than the rate limit.
        """
        url = url_of(self._base_url, call, params, self.api.date_range)
        attempt = _Attempt(call, url, key=self.keys.current)
        try:
            reply: Reply = self._send(attempt)
        except UnauthorizedError:
            if not self.keys.rotate(attempt.key):
                raise
            return self.get(call, params)
        return reply

    def waiting(self) -> Waiting | None:
        """What is waited for before anything else can be asked or is known; None where it is nothing of the API."""
        now = time.monotonic()
        with self._lock:
            began, name = min(self._under_way.values(), default=(now, ""))
        answer = Waiting(f"for an answer of {name}", began + self._retry.timeout - now) if name else None
        if answer and now - began >= SLOW:
            return answer
        again = self._tried_again - now
        return (
            self.budget.waiting() or answer or (Waiting("to try again what has failed", again) if again > 0 else None)
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _try(self, attempt: "_Attempt") -> Reply:
        call = attempt.call
        if self._refused:
            raise self._refused
        reservation = self.budget.acquire(call.units)
        if self._refused:  # meanwhile
            self.budget.refund(reservation)
            raise self._refused
        with self._lock:
            self.calls += 1
            self.units[call.name] += call.units
            self._under_way[id(attempt)] = time.monotonic(), call.name
        attempt.tries += 1
        attempt.started = attempt.started or time.monotonic()
        response = None
        sent, refused = True, False
        try:
            left = self.budget.seconds_left
            response = self._http.get(attempt.url, self.keys.auth(attempt.key), call.name, seconds=left)
            self.limit_seen = response.limit or self.limit_seen
            return judged(response, call, self.api, self.keys.redacted)
        except ApiError as error:
            error.tries, error.elapsed = attempt.tries, time.monotonic() - attempt.started
            sent, refused = not isinstance(error, UnconnectedError), isinstance(error, RateLimitedError)
            error.ends_run = self._retry.ends_run(error)
            if error.ends_run:
                self._refused = error
            elif isinstance(error, RateLimitedError) and error.retry_after:
                self.budget.block(error.retry_after)
            elif isinstance(error, RateLimitedError) and response and not response.names_limit:
                self.budget.slow_down()
            if isinstance(error, SlowAnswerError) and not self.budget.seconds_left:
                self.budget.close()
                raise BudgetClosedError from None
            raise
        finally:
            with self._lock:
                del self._under_way[id(attempt)]
            if sent:
                limit, remaining = (response.limit, response.remaining) if response else (None, None)
                self.budget.settle(reservation, limit=limit, remaining=remaining, refused=refused)
            else:
                self.budget.refund(reservation)
                with self._lock:
                    self.units[call.name] -= call.units

    def _wait(self, error: ApiError) -> float:
        wait = min(self._retry.wait(error), self.budget.seconds_left)  # nothing is asked after the end of the run
        self._tried_again = max(self._tried_again, time.monotonic() + wait)
        if isinstance(error, RateLimitedError):
            self.budget.block(wait)
        return wait

    def _count_retry(self, _: Mapping[str, Any]) -> None:
        with self._lock:
            self.retries += 1


@dataclass(slots=True)
class _Attempt:
    call: Call
    url: str
    key: int
    tries: int = 0
    started: float = 0.0
