"""What is known of the world at the end of one day."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property, wraps
from operator import attrgetter
from typing import Any, NamedTuple, TypeVar, TypeVarTuple

from sandbox.atribu.facts.events import Ad, AdReport, Conversion, Day, Searches, Visit, Visitor

_KEYWORD_LAG_DAYS = 2
Found = TypeVar("Found")
Asked = TypeVarTuple("Asked")


def kept(find: Callable[["View", *Asked], Found]) -> Callable[["View", *Asked], Found]:
    """Make a function of a view find out each thing once and keep it there; pages ask for the same again and again."""

    @wraps(find)
    def ask(view: "View", *asked: *Asked) -> Found:
        key = (find, *asked)
        if key not in view.memory:
            view.memory[key] = find(view, *asked)
        found: Found = view.memory[key]
        return found

    return ask


class KnownConversion(NamedTuple):
    """A conversion with the touches that are credited for it as known today."""

    conversion: Conversion
    touches: tuple[Visit, ...]


class Life(NamedTuple):
    """All visits and conversions of one person."""

    visits: list[Visit]
    conversions: list[Conversion]


class View:
    """The world as known at the end of day `last`; a day outside `first_day .. last` holds nothing."""

    def __init__(self, days: dict[int, Day], ads: list[Ad], first_day: int, last: int) -> None:
        self.ads = ads
        self.first_day = first_day
        self.last = last
        self.memory: dict[tuple[object, ...], Any] = {}
        self._days = days

    def clip(self, first: int, last: int) -> range:
        """Give the days from `first` to `last` that the view has."""
        return range(max(first, self.first_day), min(last, self.last) + 1)

    def visits(self, day: int) -> list[Visit]:
        """List the visits of a day that the view has."""
        return self._days[day].visits

    def visitors(self, days: range) -> set[Visitor]:
        """Give who was seen on `days`."""
        return {visit.visitor for day in days for visit in self.visits(day)}

    def keywords(self, day: int) -> dict[str, Searches]:
        """Give the search keywords of a day; search data arrives two days late."""
        return self._days[day].keywords if self.last >= day + _KEYWORD_LAG_DAYS else {}

    @kept
    def conversions(self, day: int) -> list[KnownConversion]:
        """List the conversions of a day that are recorded and not cancelled."""
        return [
            KnownConversion(conversion, conversion.touches_known_on(self.last))
            for conversion in self._days[day].conversions
            if conversion.recorded_on <= self.last < conversion.cancelled_on
        ]

    def ad_reports(self, day: int) -> Iterable[AdReport]:
        """List what each ad did on a day, by the latest report known."""
        return {report.ad: report for report in self._days[day].ad_reports if report.known_on <= self.last}.values()

    @cached_property
    def lives(self) -> Mapping[object, Life]:
        """Give what is known of each person, by `Visitor.identity`."""
        lives: defaultdict[object, Life] = defaultdict(lambda: Life([], []))
        for day in self.clip(self.first_day, self.last):
            for visit in self.visits(day):
                lives[visit.visitor.identity].visits.append(visit)
            for conversion, _ in self.conversions(day):
                lives[conversion.visitor.identity].conversions.append(conversion)
        return lives

    def visits_of(self, visitor: Visitor) -> list[Visit]:
        """List the visits of one browser, oldest first."""
        visits = (visit for visit in self.lives[visitor.identity].visits if visit.visitor is visitor)
        return sorted(visits, key=attrgetter("at", "visit_id"))
