"""What is known of the world at the end of one day, indexed by day for fast answers."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple, TypeVar

from sandbox.atribu.credit import Credit, share
from sandbox.atribu.events import GOALS, Ad, AdDay, Conversion, Day, KeywordDay, Visit, Visitor
from sandbox.atribu.lives import Lives
from sandbox.atribu.paging import Place, rank

_KEYWORD_LAG_DAYS = 2
Key = TypeVar("Key")
Value = TypeVar("Value")


class Known(NamedTuple):
    """A conversion with the touches that are credited for it as known today."""

    conversion: Conversion
    touches: tuple[Visit, ...]


@dataclass(slots=True)
class Traffic:
    """The visits of one day that share one value of a dimension."""

    visits: int
    pageviews: int
    bounces: int
    visitors: set[Visitor]


def cash_of(conversion: Conversion) -> int:
    """Give what a conversion adds to revenue, in micros: its value when its goal is cash, otherwise nothing."""
    return conversion.value if GOALS[conversion.goal] == "cash" else 0


class View:
    """The world as known at the end of day `last`; per-day answers are kept once they have been asked for.

    Days are ordinals; a day outside `first_day .. last` holds nothing.
    """

    def __init__(self, days: dict[int, Day], ads: list[Ad], first_day: int, last: int) -> None:
        self.ads = ads
        self.first_day = first_day
        self.last = last
        self._days = days
        self._conversions: dict[int, list[Known]] = {}
        self._credits: dict[tuple[int, str], list[Credit]] = {}
        self._ad_days: dict[int, list[AdDay]] = {}
        self._credited: dict[tuple[int, str], dict[str, tuple[int, int]]] = {}
        self._traffic: dict[tuple[int, str], dict[str, Traffic]] = {}
        self._visitors: dict[tuple[int, int], list[tuple[Place, Visitor]]] = {}
        self._customers: dict[tuple[int, int, str], list[tuple[Place, Known]]] = {}
        self._by_ad: dict[tuple[int, str], dict[Ad | None, tuple[int, int]]] = {}

    def clip(self, first: int, last: int) -> range:
        """Give the days of the inclusive window that can hold anything."""
        return range(max(first, self.first_day), min(last, self.last) + 1)

    def visits(self, day: int) -> list[Visit]:
        """List the visits of a day inside the view."""
        return self._days[day].visits

    def keywords(self, day: int) -> list[KeywordDay]:
        """List the search keywords of a day; search data arrives two days late."""
        return self._days[day].keywords if self.last >= day + _KEYWORD_LAG_DAYS else []

    def conversions(self, day: int) -> list[Known]:
        """List the conversions of a day that are recorded and not cancelled."""
        return _remember(self._conversions, day, lambda: list(self._find_conversions(day)))

    def _find_conversions(self, day: int) -> Iterator[Known]:
        for conversion in self._days[day].conversions:
            if conversion.recorded_on <= self.last < conversion.cancelled_on:
                yield Known(conversion, conversion.touches_known_on(self.last))

    def credits(self, day: int, model: str) -> list[Credit]:
        """List the credits of a day's attributed conversions; values are cash only."""
        return _remember(self._credits, (day, model), lambda: list(self._share_out(day, model)))

    def _share_out(self, day: int, model: str) -> Iterator[Credit]:
        for conversion, touches in self.conversions(day):
            if touches:
                yield from share(conversion, touches, model, cash_of(conversion))

    def ad_days(self, day: int) -> list[AdDay]:
        """List what each ad did on a day, by the latest report known."""
        return _remember(self._ad_days, day, lambda: self._latest_reports(day))

    def _latest_reports(self, day: int) -> list[AdDay]:
        latest = {report.ad: report for report in self._days[day].ad_days if report.known_on <= self.last}
        return list(latest.values())

    def credited(self, day: int, dimension: str) -> dict[str, tuple[int, int]]:
        """Give conversions and cash (micros) credited by last touch on a day, by value of a visit's `dimension`."""
        return _remember(self._credited, (day, dimension), lambda: self._credit_values(day, dimension))

    def _credit_values(self, day: int, dimension: str) -> dict[str, tuple[int, int]]:
        value_of = attrgetter(dimension)
        return _add_up((value_of(credit.visit), credit) for credit in self.credits(day, "last_touch"))

    def by_ad(self, day: int, model: str) -> dict[Ad | None, tuple[int, int]]:
        """Give conversions and cash (micros) credited on a day, by ad; `None` holds what no ad brought."""
        return _remember(
            self._by_ad,
            (day, model),
            lambda: _add_up((credit.visit.ad, credit) for credit in self.credits(day, model)),
        )

    def traffic(self, day: int, dimension: str) -> dict[str, Traffic]:
        """Give the visits of a day by value of a visit's `dimension`."""
        return _remember(self._traffic, (day, dimension), lambda: self._group_visits(day, dimension))

    def _group_visits(self, day: int, dimension: str) -> dict[str, Traffic]:
        value_of = attrgetter(dimension)
        groups: dict[str, Traffic] = {}
        for visit in self.visits(day):
            value = value_of(visit)
            group = groups.get(value)
            if group is None:
                group = groups[value] = Traffic(0, 0, 0, set())
            group.visits += 1
            group.pageviews += visit.pageviews
            group.bounces += visit.pageviews == 1
            group.visitors.add(visit.visitor)
        return groups

    def visitors(self, first: int, last: int) -> list[tuple[Place, Visitor]]:
        """Rank who was seen in the inclusive window, last seen first; walking its pages asks this again and again."""
        return _remember(self._visitors, (first, last), lambda: self._rank_visitors(self.clip(first, last)))

    def _rank_visitors(self, days: range) -> list[tuple[Place, Visitor]]:
        seen = {visit.visitor for day in days for visit in self.visits(day)}
        return rank(seen, lambda visitor: (self.lives.visits_of(visitor)[-1].at, visitor.visitor_id))

    def customers(self, first: int, last: int, goal: str) -> list[tuple[Place, Known]]:
        """Rank the conversions of a goal in the inclusive window, latest first; kept for the same reason."""
        days = self.clip(first, last)
        return _remember(self._customers, (first, last, goal), lambda: self._rank_conversions(days, goal))

    def _rank_conversions(self, days: range, goal: str) -> list[tuple[Place, Known]]:
        found = (known for day in days for known in self.conversions(day) if known.conversion.goal == goal)
        return rank(found, lambda known: (known.conversion.at, known.conversion.conversion_id))

    @cached_property
    def lives(self) -> Lives:
        """Index everything known by person."""
        days = self.clip(self.first_day, self.last)
        visits = (visit for day in days for visit in self.visits(day))
        return Lives(visits, (known.conversion for day in days for known in self.conversions(day)))


def _remember(store: dict[Key, Value], key: Key, make: Callable[[], Value]) -> Value:
    if key not in store:
        store[key] = make()
    return store[key]


def _add_up(credits_by_key: Iterable[tuple[Key, Credit]]) -> dict[Key, tuple[int, int]]:
    sums: dict[Key, tuple[int, int]] = {}
    for key, credit in credits_by_key:
        count, value = sums.get(key, (0, 0))
        sums[key] = count + credit.counted, value + credit.value
    return sums
