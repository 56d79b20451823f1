"""What every stand-in keeps while it runs: settings, faults, the log of calls, and a limiter for each key."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Generic, Literal, TypeVar, get_args, get_origin, get_type_hints

from sandbox.server.faults import Fault, first_to_strike
from sandbox.server.limiter import Algorithm, Limiter, RetryAfter, make_limiter

KeyFrom = Literal["header", "query", "body"]


@dataclass
class BaseSettings:
    """What can be chosen of every stand-in.

    `seed` and `first_day` make the world when the app is created; `limit`, `period` and `algorithm` a key's limiter at
    its first request. All other fields are read at each request, so they may change while serving.

    `limit` units per `period` seconds is the rate limit of each key, counted by `algorithm`; `retry_after` is how a 429
    says when to come back. `latency` is seconds between a request, which is charged at once, and its answer.
    """

    seed: int = 1
    first_day: date = date(2026, 1, 1)
    limit: int = 60
    period: float = 60.0
    algorithm: Algorithm = "fixed_window"
    retry_after: RetryAfter = "seconds"
    latency: float = 0.0


def choices_of(settings: type[BaseSettings]) -> dict[str, dict[str, object]]:
    """Give the settings that have few values, and these by how they are written on a command line."""
    hints = get_type_hints(settings).items()
    few = {name: (False, True) if hint is bool else get_args(hint) for name, hint in hints if _has_few(hint)}
    return {name: {str(value).lower(): value for value in values} for name, values in few.items()}


def _has_few(hint: object) -> bool:
    return hint is bool or get_origin(hint) is Literal


@dataclass(slots=True)
class Call:
    """One request, with what is found out about it on its way; the log keeps it.

    `path` is below the base path, and `query` never holds the key. `key` and `key_from` tell which key was found and
    where, `units` what was charged. `at` is seconds of the sandbox's clock. `status` is 0 when the connection was
    reset, and `request_id` is empty where the vendor sends none.
    """

    method: str
    path: str
    query: dict[str, str]
    request_id: str = ""
    key: str | None = None
    key_from: KeyFrom | None = None
    fault: Fault | None = None
    units: int = 0
    status: int = 0
    at: float = 0.0


AnySettings = TypeVar("AnySettings", bound=BaseSettings)


class BaseSandbox(Generic[AnySettings]):
    """Everything a test may look at or change while the server runs.

    `faults` is a list to append to; `log` holds every call in order of arrival.
    """

    def __init__(self, settings: AnySettings, clock: Callable[[], float]) -> None:
        self.settings = settings
        self.clock = clock
        self.faults: list[Fault] = []
        self.log: list[Call] = []
        self._limiters: dict[str, Limiter] = {}
        # The server answers in its own thread while a test asks for the truth in another.
        self._lock = threading.Lock()

    @property
    def units_spent(self) -> int:
        """Count the units charged so far, over all keys."""
        return sum(call.units for call in self.log)

    @property
    def rejections(self) -> int:
        """Count the answers with status 429 so far."""
        return sum(call.status == 429 for call in self.log)  # noqa: PLR2004 - the status is its own name

    def limiter(self, key: str) -> Limiter:
        """Give the limiter of a key; it starts counting at the key's first request."""
        if key not in self._limiters:
            settings = self.settings
            self._limiters[key] = make_limiter(settings.algorithm, settings.limit, settings.period)
        return self._limiters[key]

    def strike(self, call: Call, *, free: bool) -> Fault | None:
        """Find the first fault that hits a call, among those that cost nothing or those that are charged."""
        call.fault = first_to_strike(self.faults, call.path, call.query, free=free)
        return call.fault
