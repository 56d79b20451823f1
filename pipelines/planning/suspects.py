"""Searches that an allowance has broken off: what differs, and what of it need not be asked again."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from pipelines.planning.ranges import from_state, to_state
from sources.rest.windows import Window, merged, overlap, without


@dataclass(frozen=True)
class Suspect:
    """A range that does not add up and was not searched to its end.

    Attributes:
        differs: days of it with which the search goes on; None if only the whole range can tell.
        cleared: days that were read or have added up since the search began, as ranges, oldest first.
    """

    differs: Window | None = None
    cleared: tuple[Window, ...] = ()

    def left(self, windows: Iterable[Window]) -> list[Window]:
        """Return those windows of the days that differ of which nothing is known yet, in their order."""
        return [
            one for one in windows if self.differs and overlap(one, self.differs) and without(one, list(self.cleared))
        ]

    def narrowed(self, differs: Window | None, cleared: Iterable[Window] = ()) -> Self:
        """Return it with fewer days that differ, and with more of which it is known that they are as loaded."""
        return type(self)(differs, tuple(merged([*self.cleared, *cleared])))

    def broken_off(self, windows: Sequence[Window], read: Collection[Window], unexplained: Sequence[Window]) -> Self:
        """Return it after a search that has come to no end.

        Args:
            windows: what was searched.
            read: those of them that were read.
            unexplained: ranges that still differ, those to go on with first.
        """
        cleared = [one for one in windows if one in read or not any(overlap(one, other) for other in unexplained)]
        for differs in unexplained:
            if (found := self.narrowed(differs, cleared)).left(windows):
                return found
        return self.narrowed(None, cleared)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Read what `to_state` has written."""
        differs = state.get("differs")
        return cls(from_state([differs])[0] if differs else None, tuple(from_state(state.get("cleared", ()))))

    def to_state(self) -> dict[str, Any]:
        """Return it as JSON-ready values; empty where no search was broken off."""
        differs = {"differs": to_state([self.differs])[0]} if self.differs else {}
        return differs | ({"cleared": to_state(self.cleared)} if self.cleared else {})
