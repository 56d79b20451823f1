"""Answers of the two documented endpoints that read: all transactions of a project, and one of them."""

from datetime import timedelta
from itertools import islice

from sandbox.atatus.figures import Row, Tally, row, stats, tally
from sandbox.atatus.settings import Settings
from sandbox.atatus.timing import Span, day_of, midnight, now
from sandbox.atatus.world import World, identifier


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
        tallies = self._tallies(project, span)
        counted = islice(tallies.values(), self._settings.row_cap if self._settings.capped_stats else None)
        return {"data": _rows(tallies)[: self._settings.row_cap], "stats": stats(counted)}

    def rows(self, project: str, span: Span) -> list[Row]:
        """Give a row for each transaction with an event in the range."""
        return _rows(self._tallies(project, span))

    def one(self, project: str, transaction: str, span: Span) -> Row:
        """Answer one transaction in the shape that was chosen."""
        name = self.names(project)[transaction]
        if self._settings.detail_shape == "series":
            return {"data": self._series(project, name, span)}
        tallies = self._tallies(project, span)
        own = row(name, tallies.get(name, Tally()), sum(each.total for each in tallies.values()))
        if self._settings.detail_shape == "list":
            return {"data": [own] if name in tallies else []}
        return {"data": own}

    def _series(self, project: str, name: str, span: Span) -> list[Row]:
        rows: list[Row] = []
        # The day before is the server's first one where its clock runs ahead of UTC.
        start = max(span.start, midnight(self._settings.first_day - timedelta(1), self._settings))
        while start < min(span.end, now(self._settings)):
            day = day_of(start, self._settings)
            end = midnight(day + timedelta(1), self._settings)
            found = _rows(self._tallies(project, Span(start, min(end, span.end))))
            rows += [{"date": day.isoformat()} | each for each in found if each["name"] == name]
            start = end
        return rows

    def _tallies(self, project: str, span: Span) -> dict[str, Tally]:
        if project in self._settings.quiet:
            return {}
        events = self._world.events(project, span.start, span.end, now(self._settings))
        return tally(event for event in events if not {event.name, identifier(event.name)} & self._hidden)


def _rows(tallies: dict[str, Tally]) -> list[Row]:
    total = sum(own.total for own in tallies.values())
    return [row(name, own, total) for name, own in tallies.items()]
