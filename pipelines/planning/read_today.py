"""What was read on a day: a run on the same day begins with something else, so that the smallest allowance gets on."""

from collections.abc import Mapping
from typing import Any, Self

from pendulum import Date

from pipelines.planning.ranges import from_state, to_state
from sources.rest.windows import Window, merged, without


class ReadToday:
    """Days that were read or proved on a day, by what they are of, as the ledger names it."""

    def __init__(self, day: Date | None = None, read: Mapping[str, list[Window]] | None = None) -> None:
        self._day = day
        self._read = dict(read or {})

    def add(self, key: str, window: Window | None, today: Date) -> None:
        """Note that some days were read; what has no days stands for today."""
        if self._day != today:
            self._day, self._read = today, {}
        self._read[key] = merged([*self._read.get(key, ()), window or Window(today, today)])

    def has(self, key: str, window: Window | None, today: Date) -> bool:
        """Whether all of some days were read today."""
        return self._day == today and not without(window or Window(today, today), self._read.get(key, []))

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Read what `to_state` has written."""
        return cls(
            Date.fromisoformat(state["day"]),
            {key: from_state(ranges) for key, ranges in state["read"].items()},
        )

    def to_state(self) -> dict[str, Any]:
        """Return everything as JSON-ready values; empty where nothing was read."""
        read = {key: to_state(found) for key, found in sorted(self._read.items())}
        return {"day": str(self._day), "read": read} if read else {}
