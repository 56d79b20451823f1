"""Pure date arithmetic: windows are inclusive ranges of days, at most 366 days long."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

import pendulum
from pendulum import Date

MAX_DAYS: Final = 366
"""Most days that one call may ask for, both ends counted: a whole leap year."""


FIRST_DAY: Final = Date(1970, 1, 1)
LAST_DAY: Final = Date(2199, 12, 31)
DAYS: Final = f"from {FIRST_DAY} to {LAST_DAY}"
"""Days that can be asked for: those around them can be reckoned with too."""


def known_day(text: str) -> Date:
    """Read a calendar day from `YYYY-MM-DD`.

    Raises:
        ValueError: it is none, or one that nobody can mean.
    """
    found = Date.fromisoformat(text)
    if not FIRST_DAY <= found <= LAST_DAY:
        raise ValueError(DAYS)
    return found


class Grain(StrEnum):
    """Length of the window that one stored aggregate row stands for."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """An inclusive range of days.

    Raises:
        ValueError: the range is empty.
    """

    start: Date
    end: Date

    def __post_init__(self) -> None:
        if self.start > self.end:
            raise ValueError(f"a window cannot start on {self.start} and end on {self.end}")

    def __str__(self) -> str:
        return f"{self.start}" if self.start == self.end else f"{self.start}..{self.end}"

    @property
    def days(self) -> int:
        """Number of days, both ends counted."""
        return (self.end - self.start).days + 1

    def dates(self) -> Iterator[Date]:
        """Every day of the window, oldest first."""
        return (self.start.add(days=offset) for offset in range(self.days))

    def __contains__(self, day: date) -> bool:
        return self.start <= day <= self.end


def split(window: Window, max_days: int = MAX_DAYS) -> Iterator[Window]:
    """Cut a range into contiguous windows of at most `max_days`, newest first.

    The newest window has the full length, so that the day that still changes lies far from a seam.
    """
    end = window.end
    while end >= window.start:
        start = max(window.start, end.subtract(days=max_days - 1))
        yield Window(start, end)
        end = start.subtract(days=1)


def align(window: Window, grain: Grain, today: Date) -> Window:
    """Widen a range to whole weeks (from Monday) or calendar months, but never past today."""
    start, end = window.start.start_of(grain.value), window.end.end_of(grain.value)
    return Window(start, max(window.end, min(end, today)))


def by_grain(window: Window, grain: Grain) -> Iterator[Window]:
    """The windows of one grain that make up a range, newest first; those at the ends may be cut short."""
    end = window.end
    while end >= window.start:
        start = max(window.start, end.start_of(grain.value))
        yield Window(start, end)
        end = start.subtract(days=1)


def overlap(one: Window, other: Window) -> Window | None:
    """The days that two windows share."""
    start, end = max(one.start, other.start), min(one.end, other.end)
    return Window(start, end) if start <= end else None


def merged(windows: Iterable[Window]) -> list[Window]:
    """Windows in order of their days, with those that touch or overlap made one."""
    result: list[Window] = []
    for window in sorted(windows):
        if result and window.start <= result[-1].end.add(days=1):
            result[-1] = Window(result[-1].start, max(result[-1].end, window.end))
        else:
            result.append(window)
    return result


def without(window: Window, loaded: Sequence[Window]) -> list[Window]:
    """Days of a window that lie in none of some ranges, which are in order and apart; as ranges, newest first."""
    gaps, end = [], window.end
    for one in reversed(loaded):
        if one.start > end:
            continue
        if one.end < window.start:
            break
        if one.end < end:
            gaps.append(Window(one.end.add(days=1), end))
        end = one.start.subtract(days=1)
    return [*gaps, Window(window.start, end)] if window.start <= end else gaps


def spans(windows: Iterable[Window], max_days: int = MAX_DAYS) -> list[Window]:
    """Ranges that are made of whole windows, each as long as one call may ask for, oldest first.

    Windows that do not touch never share a range; a single window longer than that is a range of its own.
    """
    result: list[Window] = []
    for window in sorted(windows):
        longer = Window(result[-1].start, window.end) if result else window
        if result and window.start == result[-1].end.add(days=1) and longer.days <= max_days:
            result[-1] = longer
        else:
            result.append(window)
    return result


def today_in(timezone: str) -> Date:
    """Today's date where the profile lives.

    Raises:
        ValueError: no such time zone.
    """
    try:
        return pendulum.now(timezone).date()
    except pendulum.tz.exceptions.InvalidTimezone:
        raise ValueError(f"there is no time zone {timezone!r}; use a name such as 'Europe/Madrid'") from None
