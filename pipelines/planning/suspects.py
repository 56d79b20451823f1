"""Where searches for what has changed have stopped: ranges that do not add up and are not searched to their end."""

from collections.abc import Mapping
from typing import Any, Self

from pendulum import Date

from sources.rest.windows import Window


class Suspects:
    """The narrowest range known to differ from the API, per variant and grain as the ledger names them."""

    def __init__(self, ranges: Mapping[str, Window] | None = None) -> None:
        self._ranges = dict(ranges or {})

    def of(self, key: str) -> Window | None:
        """Return the range with which a search goes on; None where none was broken off."""
        return self._ranges.get(key)

    def note(self, key: str, window: Window | None) -> None:
        """Note where a search stands; None once it has come to its end."""
        if window:
            self._ranges[key] = window
        else:
            self._ranges.pop(key, None)

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Read what `to_state` has written."""
        return cls(
            {key: Window(Date.fromisoformat(start), Date.fromisoformat(end)) for key, (start, end) in state.items()}
        )

    def to_state(self) -> dict[str, Any]:
        """Return everything as JSON-ready values."""
        return {key: [str(one.start), str(one.end)] for key, one in sorted(self._ranges.items())}
