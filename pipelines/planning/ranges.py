"""How ranges of days stand in the ledger: first and last day as text."""

from collections.abc import Iterable, Sequence

from pendulum import Date

from sources.rest.windows import Window


def from_state(ranges: Iterable[Sequence[str]]) -> list[Window]:
    """Read what `to_state` has written."""
    return [Window(Date.fromisoformat(start), Date.fromisoformat(end)) for start, end in ranges]


def to_state(windows: Iterable[Window]) -> list[list[str]]:
    """Return ranges as JSON-ready values."""
    return [[str(window.start), str(window.end)] for window in windows]
