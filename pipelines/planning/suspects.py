"""Searches that an allowance has broken off: what differs, and what of it need not be asked again."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Self

from pendulum import Date

from pipelines.planning.ranges import from_state, to_state
from sources.rest.windows import Window, merged, overlap, without


@dataclass(frozen=True)
class Suspect:
    """A range that does not add up and was not searched to its end.

    Attributes:
        differs: days of it with which the search goes on; None if only the whole range can tell.
        cleared: days that were read or have added up since the search began, as ranges, oldest first.
        read: those of them that were read, and have not changed elsewhere since, likewise: they need not be read again
            where days may cancel each other out.
    """

    differs: Window | None = None
    cleared: tuple[Window, ...] = ()
    read: tuple[Window, ...] = ()

    def left(self, windows: Iterable[Window]) -> list[Window]:
        """Return those windows of the days that differ of which nothing is known yet, in their order."""
        return [
            one for one in windows if self.differs and overlap(one, self.differs) and without(one, list(self.cleared))
        ]

    def narrowed(self, differs: Window | None, cleared: Iterable[Window] = ()) -> Self:
        """Return it with fewer days that differ, and with more of which it is known that they are as loaded."""
        return replace(self, differs=differs, cleared=tuple(merged([*self.cleared, *cleared])))

    def with_read(self, read: Iterable[Window]) -> Self:
        """Return it after more days were read."""
        return replace(self, read=tuple(merged([*self.read, *read])))

    def moved(self, days: Iterable[date]) -> Self:
        """Return it after some days have changed elsewhere, so that they may have changed here too since."""
        own = (Date(day.year, day.month, day.day) for day in days)
        moved = merged(Window(day, day) for day in own)
        return replace(self, read=tuple(merged(part for one in self.read for part in without(one, moved))))

    def was_read(self, window: Window) -> bool:
        """Whether a window was read since the search began, and since its days have changed elsewhere."""
        return not without(window, list(self.read))

    def broken_off(self, windows: Sequence[Window], read: Collection[Window], unexplained: Sequence[Window]) -> Self:
        """Return it after a search that has come to no end.

        Args:
            windows: what was searched.
            read: those of them that were read.
            unexplained: ranges that still differ, those to go on with first.
        """
        cleared = [one for one in windows if one in read or not any(overlap(one, other) for other in unexplained)]
        known = self.with_read(read)
        for differs in unexplained:
            if (found := known.narrowed(differs, cleared)).left(windows):
                return found
        return known.narrowed(None, cleared)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Read what `to_state` has written."""
        differs = state.get("differs")
        cleared, read = (tuple(from_state(state.get(name, ()))) for name in ("cleared", "read"))
        return cls(from_state([differs])[0] if differs else None, cleared, read)

    def to_state(self) -> dict[str, Any]:
        """Return it as JSON-ready values; empty where no search was broken off."""
        differs = {"differs": to_state([self.differs])[0]} if self.differs else {}
        ranges = {"cleared": self.cleared, "read": self.read}
        return differs | {name: to_state(found) for name, found in ranges.items() if found}
