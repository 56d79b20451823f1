"""How a server reads the moments of a range, where its vendor does not say: found out by ranges within a day."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from math import ceil
from typing import Final

from sources.rest.calling.session import Session
from sources.rest.catalogue.endpoints import Endpoint
from sources.rest.errors import WrongShapeError
from sources.rest.reading.bodies import extract_rows

MINUTE: Final = timedelta(minutes=1)

DAY: Final = timedelta(days=1) // MINUTE

NOON: Final = 12

CALLS_MAX: Final = 21
"""Calls that it takes at most to find out how ends are read, on one day with figures."""

Count = Callable[[datetime, datetime], float]
"""How many events a server counts from one moment to another, as it is asked for them."""


class Ends(StrEnum):
    """Whether the moment that the end of a range names belongs to the range."""

    EXCLUSIVE = "exclusive"
    INCLUSIVE = "inclusive"


@dataclass(frozen=True)
class MinuteCounter:
    """Counts the events of a variant of an endpoint between two moments, each asked for as it is.

    Attributes:
        session: the way to the API.
        endpoint: what is asked; its metrics that add up are summed.
        variant: values of the parameters that multiply calls.
    """

    session: Session
    endpoint: Endpoint
    variant: Mapping[str, str]

    def __call__(self, start: datetime, end: datetime) -> float:
        """Ask for a range.

        Raises:
            ApiError: the call failed.
            WrongShapeError: the answer is not what the contract says.
        """
        dates = self.endpoint.date_range or self.session.api.date_range
        moments = {dates.start: start.strftime(dates.format), dates.end: end.strftime(dates.format)}
        reply = self.session.get(self.endpoint, {**self.endpoint.params, **moments, **self.variant})
        rows = [] if reply.empty else extract_rows(self.endpoint, reply.body)
        metrics = [column.source for column in self.endpoint.columns if column.additive]
        values = [row.get(name) for row in rows if isinstance(row, Mapping) for name in metrics]
        if not all(isinstance(value, int | float | None) for value in values):
            raise WrongShapeError("a count is no number")
        return float(sum(value or 0 for value in values))


def ends_of(count: Count, day: date) -> Ends | None:
    """Find out whether the minute that an end names belongs to the range; None where the day does not tell.

    A minute with events is looked for. Where ranges touch, one server counts its events once, another one twice.
    """
    found = _busy_minute(count, day)
    if found is None:
        return None
    start, here = found
    end = start + MINUTE
    for first, last in ((start - MINUTE, end), (start, end + MINUTE)):
        beside = (first, start) if first < start else (end, last)
        if here + count(*beside) > count(first, last):
            return None if _ignores_times(count, start, here) else Ends.INCLUSIVE
    return Ends.EXCLUSIVE


def _ignores_times(count: Count, start: datetime, here: float) -> bool:
    """Whether the halves of a day and minutes far apart have the same figures: then times of day are not looked at."""
    midnight, half = datetime.combine(start.date(), time.min), timedelta(hours=NOON)
    far = start + (half if start.hour < NOON else -half)
    ranges = ((midnight, midnight + half), (midnight + half, midnight + 2 * half), (far, far + MINUTE))
    return all(count(*one) == here for one in ranges)


def _busy_minute(count: Count, day: date) -> tuple[datetime, float] | None:
    """Find a minute of a day with events, and how many; None where the day has none."""
    start, length = datetime.combine(day, time.min), DAY
    found, missed = 0.0, False
    while not found or length > 1:
        part = ceil(length / 2) if found or length == DAY else length
        if found and not missed:  # where events are many, any minute is likely to have one
            part = min(part, max(1, ceil(2 * length / found)))
        here = count(start, start + part * MINUTE)
        if here:
            found, length = here, part
            continue
        missed = bool(found)
        start, length = start + part * MINUTE, length - part
        if not length:
            return None
    return start, found
