"""The part of the sandbox that knows no HTTP: its world, and what is answered from it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import cast

from sandbox.atribu.answers.paging import Listing, Page
from sandbox.atribu.answers.tampering import tampered
from sandbox.atribu.canaries import NO_CANARIES, Canaries
from sandbox.atribu.endpoints import Endpoint, find
from sandbox.atribu.parameters import read_query
from sandbox.atribu.settings import Settings
from sandbox.atribu.world import PopulatedWorld, World
from sandbox.server.faults import Tampering
from sandbox.server.replies import Refusal, Row
from sandbox.server.state import BaseSandbox


class Sandbox(BaseSandbox[Settings]):
    """The Atribu sandbox; `brands` are those of further profiles, by the key that leads to each."""

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        super().__init__(settings, clock)
        self.brands = {key: Sandbox(own, clock) for key, own in settings.brands.items()}
        made_of = settings.seed, settings.first_day, settings.size
        self.world = (
            PopulatedWorld(*made_of, settings.population, settings.today) if settings.population else World(*made_of)
        )

    @property
    def canaries(self) -> Canaries:
        """Give the canaries that are planted; without a choice of any, none."""
        return self.settings.canaries or NO_CANARIES

    def answer(self, path: str, params: Mapping[str, object] | None = None, *, capped: bool = True) -> object:
        """Give the `data` that the server would send for `path` below `/api/v1/`, free of charge and unlogged.

        `capped=False` gives all rows, where HTTP stops at `limit`. Refuses bad parameters with `Refusal`.
        """
        found = find(path)
        if found is None:
            raise Refusal(404, f"/{path} does not exist")
        endpoint, parent = found
        pairs = [(name, str(value)) for name, value in (params or {}).items()]
        return self.ask(endpoint, parent, pairs, capped=capped).data

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

    def ask(
        self,
        endpoint: Endpoint,
        parent: str,
        pairs: Iterable[tuple[str, str]],
        *,
        capped: bool = True,
        tampering: Tampering | None = None,
    ) -> Page:
        """Check the parameters of a call and answer it as known at the end of `settings.today`.

        Only pages can be tampered with.
        """
        query = read_query(
            pairs,
            required=endpoint.required,
            optional=endpoint.optional,
            defaults=endpoint.defaults | {"parent": parent, "capped": capped},
            settings=self.settings,
        )
        with self._lock:
            found = endpoint.answer(self.world.as_of(self.settings.today), query)
            if isinstance(found, Listing):
                found = replace(found, row=self.canaries.planting(found.row, parent))
                page = found.page() if tampering is None else tampered(tampering, found)
            else:
                page = Page(found)
        return page._replace(data=_more(page.data)) if self.settings.fractions else page


def _more(data: object) -> object:
    """Make every number a sixteenth more; a sixteenth is exact, so that sums of whole numbers stay exact."""
    if isinstance(data, list):
        return [_more(one) for one in data]
    if isinstance(data, dict):
        return {name: _more(one) for name, one in data.items()}
    return data * 1.0625 if isinstance(data, int | float) and not isinstance(data, bool) else data
