"""The part of the sandbox that knows no HTTP: its world, its limits, its log and its truth."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sandbox.atribu.answer import Answer
from sandbox.atribu.endpoints import Endpoint, find
from sandbox.atribu.parameters import read_query
from sandbox.atribu.query import Query
from sandbox.atribu.refusals import Refusal
from sandbox.atribu.settings import Settings
from sandbox.atribu.tampering import tampered
from sandbox.atribu.world import World
from sandbox.faults import Fault, Tampering, first_to_strike
from sandbox.limiter import Limiter, Limiters


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as the server saw it; `path` is below `/api/v1/`, `at` is seconds of the sandbox's clock.

    `status` is 0 when the connection was reset.
    """

    path: str
    query: Mapping[str, str]
    status: int
    units: int
    at: float
    key: str | None
    request_id: str


class Sandbox:
    """Everything a test may look at or change while the server runs.

    `faults` is a list to append to; `log` holds every request in order of arrival.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        self.settings = settings
        self.clock = clock
        self.world = World(settings.seed, settings.first_day, settings.size)
        self.faults: list[Fault] = []
        self.log: list[Asked] = []
        self._limiters = Limiters()
        # The server answers in its own thread while a test asks for the truth in another.
        self._lock = threading.Lock()

    @property
    def units_spent(self) -> int:
        """Count the units charged so far, over all keys."""
        return sum(asked.units for asked in self.log)

    @property
    def rejections(self) -> int:
        """Count the answers with status 429 so far."""
        return sum(asked.status == 429 for asked in self.log)  # noqa: PLR2004 - the status is its own name

    def answer(self, path: str, params: Mapping[str, object] | None = None, *, capped: bool = True) -> object:
        """Give the `data` that the server would send for `path` below `/api/v1/`, free of charge and unlogged.

        `capped=False` gives all rows, where HTTP stops at `limit`. Refuses bad parameters with `Refusal`.
        """
        found = find(path)
        if found is None:
            raise Refusal("not_found", f"/{path} does not exist")
        endpoint, parent = found
        pairs = [(name, str(value)) for name, value in (params or {}).items()]
        query = self.read(endpoint, parent, pairs, capped=capped)
        return self.ask(endpoint, query).data

    def read(self, endpoint: Endpoint, parent: str, pairs: list[tuple[str, str]], *, capped: bool = True) -> Query:
        """Check the parameters of a call."""
        return read_query(
            pairs,
            required=endpoint.required,
            optional=endpoint.optional,
            defaults=endpoint.defaults | {"parent": parent, "capped": capped},
            settings=self.settings,
        )

    def ask(self, endpoint: Endpoint, query: Query, tampering: Tampering | None = None) -> Answer:
        """Answer a checked query as known at the end of `settings.today`; only pages can be tampered with."""
        with self._lock:
            found = endpoint.answer(self.world.as_of(self.settings.today), query)
            if isinstance(found, Answer):
                return found
            return found.page() if tampering is None else tampered(tampering, found)

    def limiter(self, key: str) -> Limiter:
        """Give the limiter of a key; it starts counting at the key's first request."""
        settings = self.settings
        return self._limiters.of(key, settings.algorithm, settings.limit, settings.period)

    def strike(self, path: str, query: Mapping[str, str], *, free: bool) -> Fault | None:
        """Find the first fault that hits this call, among those that cost nothing or those that are charged."""
        return first_to_strike(self.faults, path, query, free=free)
