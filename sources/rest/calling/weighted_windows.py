"""What a server may count that adds the part of its last window that a period still covers to its current one.

Where its windows begin is unknown: every place within a period is possible until what the server says remains is more
than it could leave. Such a server counts so much of what was spent:

    units of this window + units of the window before * (1 - share of this window that is over)
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Final

PLACES: Final = 240
"""Parts of a period in which windows may begin; a quarter of a unit of 60 lies between the first and the last moment of
one, as coarse as answers are that take a while."""

EVERYWHERE: Final = tuple(range(PLACES))


def most_counted(answered: Sequence[float], places: Iterable[int], period: float, now: float) -> float:
    """Return the most units that are counted at a moment.

    Args:
        answered: when each unit was counted at the latest, oldest first; of two periods and a part of one.
        places: where windows may begin.
        period: length of a window in seconds.
        now: the moment; what is counted never becomes more after it by itself.
    """
    part, most = period / PLACES, 0.0
    for place in places:
        begin = _begin(place, period, now)
        end = begin + part
        current = bisect_left(answered, begin)
        before = bisect_left(answered, begin - period)
        covered = min(1.0, 1 - (now - end) / period)
        counted = len(answered) - current + (current - before) * covered
        if end > now:  # the window may not have begun, and the one before it has
            counted += (before - bisect_left(answered, begin - 2 * period)) * (end - now) / period
        most = max(most, counted)
    return most


def places_that_leave(
    room: float, left: Sequence[float], places: Iterable[int], period: float, between: tuple[float, float]
) -> tuple[int, ...]:
    """Return those places at which no more would be counted than the server says.

    Args:
        room: units that were counted at most, by what the server says remains.
        left: when each unit had left that was surely counted before, oldest first.
        places: where windows may begin, by all that is known.
        period: length of a window in seconds.
        between: the moments between which the server counted.
    """
    return tuple(place for place in places if _least_counted(left, place, period, between) <= room)


def _least_counted(left: Sequence[float], place: int, period: float, between: tuple[float, float]) -> float:
    first, last = between
    begin = _begin(place, period, last)
    end = begin + period / PLACES
    least = _counted(left, begin, end, period, last)
    if first >= end:
        return least
    if first < begin - period:  # the answer took so long that several windows may have begun
        return 0.0
    return min(least, _counted(left, begin - period, end - period, period, min(last, end)))


def _counted(left: Sequence[float], begin: float, end: float, period: float, at: float) -> float:
    """Return the least that is counted at a moment in a window that begins between two moments."""
    current = bisect_left(left, end)
    before = bisect_left(left, end - period)
    return len(left) - current + (current - before) * max(0.0, 1 - (at - begin) / period)


def _begin(place: int, period: float, now: float) -> float:
    """Return the last moment at which windows of a place may have begun."""
    earliest = place * period / PLACES
    return now - (now - earliest) % period
