"""The part of the sandbox that knows no HTTP: its world, its limits, its log and its truth."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import cast

from sandbox.atribu.answer import Answer, Row
from sandbox.atribu.canaries import NO_CANARIES, Canaries
from sandbox.atribu.endpoints import Endpoint, find
from sandbox.atribu.parameters import read_query
from sandbox.atribu.population import PopulatedWorld
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


def _make_world(settings: Settings) -> World:
    if settings.population is None:
        return World(settings.seed, settings.first_day, settings.size)
    return PopulatedWorld(settings.seed, settings.first_day, settings.size, settings.population, settings.today)


class Sandbox:
    """Everything a test may look at or change while the server runs.

    `faults` is a list to append to; `log` holds every request in order of arrival.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        self.settings = settings
        self.clock = clock
        self.world = _make_world(settings)
        self.faults: list[Fault] = []
        self.log: list[Asked] = []
        self._limiters = Limiters()
        # The server answers in its own thread while a test asks for the truth in another.
        self._lock = threading.Lock()

    @property
    def canaries(self) -> Canaries:
        """Give the canaries that are planted; without a choice of any, none."""
        return self.settings.canaries or NO_CANARIES

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

    def truth_of_customers(self, goal: str, first: date, last: date) -> list[Row]:
        """Give all rows of `/customers` for a range, as the server would send them over all pages."""
        return self._truth("customers", goal=goal, date_from=first, date_to=last)

    def truth_of_visitors(self, first: date, last: date) -> list[Row]:
        """Give all rows of `/visitors` for a range."""
        return self._truth("visitors", date_from=first, date_to=last)

    def truth_of_journey(self, customer_profile_id: str) -> list[Row]:
        """Give all rows of one customer's journey."""
        return self._truth(f"customers/{customer_profile_id}/journey")

    def _truth(self, path: str, **params: object) -> list[Row]:
        return cast("list[Row]", self.answer(path, params, capped=False))

    def changed_customers(self, since: date, until: date | None = None) -> set[str]:
        """Name the customers of a population who changed after `since` and up to `until` (default: today)."""
        if not isinstance(self.world, PopulatedWorld):
            raise TypeError("Only a population knows who changed")
        last = until or self.settings.today
        days = range(since.toordinal() + 1, last.toordinal() + 1)
        return {customer for day in days for customer in self.world.changed_on(day)}

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
            found = replace(found, row=self.canaries.planting(found.row, query.parent))
            return found.page() if tampering is None else tampered(tampering, found)

    def limiter(self, key: str) -> Limiter:
        """Give the limiter of a key; it starts counting at the key's first request."""
        settings = self.settings
        return self._limiters.of(key, settings.algorithm, settings.limit, settings.period)

    def strike(self, path: str, query: Mapping[str, str], *, free: bool) -> Fault | None:
        """Find the first fault that hits this call, among those that cost nothing or those that are charged."""
        return first_to_strike(self.faults, path, query, free=free)
