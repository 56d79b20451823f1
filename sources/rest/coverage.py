"""Ledger of the windows that were asked for and loaded; an empty day and a missing one look alike in the tables."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, Self

from pendulum import Date

from sources.rest.errors import ConfigurationError
from sources.rest.tasks import Task
from sources.rest.windows import Grain, Window, merged

VERSION: Final = 1
"""Layout of the stored ledger."""

STATE_KEY: Final = "coverage"
"""Where the ledger lives in dlt's source state: it is committed with the rows that it speaks of."""


class Coverage:
    """Loaded days per endpoint, grain and variant, as ranges."""

    def __init__(self, loaded: Mapping[str, Iterable[Window]] | None = None) -> None:
        self._loaded = {key: merged(windows) for key, windows in (loaded or {}).items()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """Read the ledger from source state; an absent one is empty.

        Raises:
            ConfigurationError: a later version of this program wrote it.
        """
        stored = state.get(STATE_KEY)
        if stored is None:
            return cls()
        if stored.get("version") != VERSION:
            raise ConfigurationError(
                f"the destination's coverage ledger has version {stored.get('version')!r}, this program knows"
                f" {VERSION}; update the program, or load into another dataset"
            )
        return cls(
            {
                key: [Window(Date.fromisoformat(start), Date.fromisoformat(end)) for start, end in ranges]
                for key, ranges in stored["loaded"].items()
            }
        )

    def to_state(self) -> dict[str, Any]:
        """Return the ledger as JSON-ready values."""
        return {
            "version": VERSION,
            "loaded": {
                key: [[str(window.start), str(window.end)] for window in windows]
                for key, windows in sorted(self._loaded.items())
            },
        }

    def add(self, task: Task, grain: Grain, today: Date) -> None:
        """Note that a task was loaded; a window that reaches into today is not complete yet."""
        if task.window is None:
            return
        key = _key(task, grain)
        if task.window.end < today:
            self._loaded[key] = merged([*self._loaded.get(key, ()), task.window])
        elif task.endpoint.by_day and task.window.start < today:
            complete = Window(task.window.start, today.subtract(days=1))
            self._loaded[key] = merged([*self._loaded.get(key, ()), complete])

    def missing(self, task: Task, grain: Grain) -> list[Window]:
        """Days of a task's window that were not loaded, as ranges, newest first."""
        if task.window is None:
            return []
        gaps, end = [], task.window.end
        for loaded in reversed(self._loaded.get(_key(task, grain), [])):
            if loaded.start > end:
                continue
            if loaded.end < task.window.start:
                break
            if loaded.end < end:
                gaps.append(Window(loaded.end.add(days=1), end))
            end = loaded.start.subtract(days=1)
        return [*gaps, Window(task.window.start, end)] if task.window.start <= end else gaps


def _key(task: Task, grain: Grain) -> str:
    parts = [
        task.endpoint.name,
        *([] if task.endpoint.by_day else [grain.value]),
        *(value for _, value in task.variant),
    ]
    return "|".join(parts)
