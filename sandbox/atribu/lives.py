"""What is known of each person over all days: visits, conversions and their totals."""

from collections.abc import Iterable
from operator import attrgetter

from sandbox.atribu.events import Conversion, Visit, Visitor


class Lives:
    """Index of visits and conversions by person; an anonymous visitor counts as a person of its own."""

    def __init__(self, visits: Iterable[Visit], conversions: Iterable[Conversion]) -> None:
        self._visits: dict[object, list[Visit]] = {}
        self._conversions: dict[object, list[Conversion]] = {}
        self._by_visitor: dict[Visitor, list[Visit]] = {}
        for visit in sorted(visits, key=attrgetter("at", "visit_id")):
            self._visits.setdefault(_key(visit.visitor), []).append(visit)
            self._by_visitor.setdefault(visit.visitor, []).append(visit)
        for conversion in conversions:
            self._conversions.setdefault(_key(conversion.visitor), []).append(conversion)

    def visits_of(self, visitor: Visitor) -> list[Visit]:
        """List the visits of one browser, oldest first."""
        return self._by_visitor[visitor]

    def conversions_of(self, visitor: Visitor) -> list[Conversion]:
        """List every conversion of the visitor's person."""
        return self._conversions.get(_key(visitor), [])

    def of_profile(self, customer_profile_id: str) -> tuple[list[Visit], list[Conversion]]:
        """List the visits and the conversions of an identified person; both are empty for an unknown id."""
        return self._visits.get(customer_profile_id, []), self._conversions.get(customer_profile_id, [])


def _key(visitor: Visitor) -> object:
    return visitor.person.customer_profile_id if visitor.person else visitor
