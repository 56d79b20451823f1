"""Windows that gave no rows: in how many runs in a row, and when they are asked for again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from pendulum import Date

from sources.rest.windows import Window

GAP_MAX: Final = 32
"""Most days until a window is asked for again."""


@dataclass(frozen=True)
class _Failed:
    runs: int
    again: Date


@dataclass
class FailedWindows:
    """Windows by what they are of, as the ledger names it.

    After one run in which it failed, a window is asked for by the next one; after more of them 1, 3, 7 and up to 31
    days later.
    """

    _found: dict[str, dict[Window, _Failed]] = field(default_factory=dict)

    def failed(self, key: str, window: Window, today: Date) -> None:
        """Note that a window has failed in one more run."""
        before = self._found.get(key, {}).get(window)
        runs = before.runs + 1 if before else 1
        again = today.add(days=min(2 ** min(runs - 1, GAP_MAX), GAP_MAX) - 1)
        self._found.setdefault(key, {})[window] = _Failed(runs, again)

    def answered(self, key: str, window: Window) -> None:
        """Forget the failures of a window."""
        self._found.get(key, {}).pop(window, None)

    def has(self, key: str, window: Window) -> bool:
        """Whether a window failed when it was asked for last."""
        return window in self._found.get(key, {})

    def waits(self, key: str, window: Window, today: Date) -> Date | None:
        """Day from which on a window is asked for again; None if that is now, or a clock that was wrong noted it."""
        found = self._found.get(key, {}).get(window)
        return found.again if found and today < found.again <= today.add(days=GAP_MAX) else None

    @classmethod
    def from_state(cls, state: Mapping[str, Sequence[Sequence[Any]]]) -> Self:
        """Read what `to_state` has written."""
        return cls(
            {
                key: {
                    Window(Date.fromisoformat(start), Date.fromisoformat(end)): _Failed(runs, Date.fromisoformat(again))
                    for start, end, runs, again in windows
                }
                for key, windows in state.items()
            }
        )

    def to_state(self) -> dict[str, list[list[Any]]]:
        """Return everything as JSON-ready values."""
        return {
            key: [[str(one.start), str(one.end), windows[one].runs, str(windows[one].again)] for one in sorted(windows)]
            for key, windows in sorted(self._found.items())
            if windows
        }
