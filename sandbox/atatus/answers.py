"""Answers of the two documented endpoints that read: all transactions of a project, and one of them."""

from collections.abc import Mapping
from datetime import timedelta
from itertools import islice
from typing import NamedTuple

from sandbox.atatus.settings import Settings
from sandbox.atatus.timing import Span, day_of, now, start_of
from sandbox.atatus.world import Event, World, identifier
from sandbox.server.replies import Row
from sandbox.worlds.sums import add_up, ranked, total


class Sums(NamedTuple):
    """Sums over the events of a transaction, or of all; times are milliseconds."""

    successes: int = 0
    failures: int = 0
    success_time: int = 0
    failure_time: int = 0

    @property
    def total(self) -> int:
        """Count all events."""
        return self.successes + self.failures


class Answers:
    """The world as one caller sees it at the end of `settings.as_of`.

    What is hidden for administrators only is left out of the lists, the stats and the shares of everybody else.
    """

    def __init__(self, world: World, settings: Settings, *, administrator: bool) -> None:
        self._world = world
        self._settings = settings
        self._hidden = frozenset() if administrator else frozenset(settings.admin_only)

    def names(self, project: str) -> dict[str, str]:
        """Give the names of a project's transactions by id."""
        return {identifier(kind.name): kind.name for kind in self._world.transactions(project)}

    def listed(self, project: str, span: Span) -> Row:
        """Answer the list of transactions."""
        sums = self._sums(project, span)
        counted = islice(sums.values(), self._settings.row_cap if self._settings.capped_stats else None)
        return {"data": _rows(sums)[: self._settings.row_cap], "stats": _stats(total(counted, Sums()))}

    def rows(self, project: str, span: Span) -> list[Row]:
        """Give a row for each transaction with an event in the range."""
        return _rows(self._sums(project, span))

    def one(self, project: str, transaction: str, span: Span) -> Row:
        """Answer one transaction in the shape that was chosen."""
        name = self.names(project)[transaction]
        if self._settings.detail_shape == "series":
            return {"data": self._series(project, name, span)}
        sums = self._sums(project, span)
        row = _row(name, sums.get(name, Sums()), total(sums.values(), Sums()))
        if self._settings.detail_shape == "list":
            return {"data": [row] if name in sums else []}
        return {"data": row}

    def _series(self, project: str, name: str, span: Span) -> list[Row]:
        rows: list[Row] = []
        # The day before is the server's first one where its clock sums ahead of UTC.
        start = max(span.start, start_of(self._settings.first_day - timedelta(1), self._settings))
        while start < min(span.end, now(self._settings)):
            day = day_of(start, self._settings)
            end = start_of(day + timedelta(1), self._settings)
            found = self.rows(project, Span(start, min(end, span.end)))
            rows += [{"date": day.isoformat()} | row for row in found if row["name"] == name]
            start = end
        return rows

    def _sums(self, project: str, span: Span) -> dict[str, Sums]:
        """Add up the events in a range by the name of their transaction, most frequent first."""
        if project in self._settings.quiet:
            return {}
        events = self._world.events(project, span.start, span.end, now(self._settings))
        seen = (event for event in events if not {event.name, identifier(event.name)} & self._hidden)
        return dict(ranked(add_up((event.name, _of_event(event)) for event in seen), "total"))


def _of_event(event: Event) -> Sums:
    if event.succeeded:
        return Sums(successes=1, success_time=event.milliseconds)
    return Sums(failures=1, failure_time=event.milliseconds)


def _rows(sums: Mapping[str, Sums]) -> list[Row]:
    everything = total(sums.values(), Sums())
    return [_row(name, own, everything) for name, own in sums.items()]


def _row(name: str, own: Sums, everything: Sums) -> Row:
    """Write the row of one transaction, whose share is of `everything`."""
    share = 100 * own.total / everything.total if everything.total else 0.0
    return {
        "id": identifier(name),
        "name": name,
        **_counts(own),
        "successTime": _mean(own.success_time, own.successes),
        "failureTime": _mean(own.failure_time, own.failures),
        "throughputPercentage": _number(share),
        "underOnePercent": share < 1,
    }


def _stats(sums: Sums) -> Row:
    """Write the totals over rows; in a mean time every event weighs the same, so a row weighs by its count."""
    return {
        "failureTime": _mean(sums.failure_time, sums.failures),
        "successTime": _mean(sums.success_time, sums.successes),
        **_counts(sums),
    }


def _counts(sums: Sums) -> Row:
    return {"successCount": sums.successes, "failureCount": sums.failures, "totalCount": sums.total}


def _mean(time: int, count: int) -> float:
    return _number(time / count) if count else 0


def _number(value: float) -> float:
    """Round to two digits; whole numbers are written without a point, as in the documented sample."""
    rounded = round(value, 2)
    return int(rounded) if rounded.is_integer() else rounded
