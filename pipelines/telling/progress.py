"""How far a run is: a bar on a terminal, a line a minute in a log."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from rich import progress

from pipelines.telling.console import err
from pipelines.telling.log import STREAM, detail, note

if TYPE_CHECKING:
    from pipelines.running.work import Work
    from sources.rest.reading.tasks import Task

LINE_SECONDS: Final = 60.0
"""Time between two lines of a log."""

_NAME: Final = 28
"""Columns of the name of what is read; with the rest of a bar that makes less than 80."""


class Progress:
    """A bar on a terminal for each profile; elsewhere a line a minute."""

    def __init__(self) -> None:
        self._bar = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(bar_width=16),
            progress.TextColumn("{task.completed:>5}/{task.total} units, {task.fields[left]}"),
            console=err,
            transient=True,
            disable=not STREAM.for_a_person,
        )

    def __enter__(self) -> Self:
        """Draw the bar."""
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take it away."""
        self._bar.stop()

    def of(self, profile: str) -> "ProfileProgress":
        """Make the part of a profile, which has a bar of its own."""
        return ProfileProgress(self._bar, profile)


class ProfileProgress:
    """How far one profile is.

    Args:
        bar: where it is drawn.
        profile: its name.
        clock: monotonic seconds.
    """

    def __init__(self, bar: progress.Progress, profile: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._bar = bar
        self._name = f"{profile}: " if profile else ""
        self._task = progress.TaskID(0)
        self._clock = clock
        self._said = clock()

    def begin(self, work: "Work") -> None:
        """Say what is planned."""
        self._said = self._clock()
        self._task = self._bar.add_task(self._named("loading"), total=work.left, left="")
        if self._bar.disable:
            usual = f", about {work.left} as earlier runs went" if work.expected else ""
            note(f"{work.open_windows} windows to load, at least {work.left - work.expected} units{usual}")

    def see(self, work: "Work", task: "Task") -> None:
        """Move on."""
        detail(f"{task}: read, because {task.reason or 'it is needed'}")
        if not self._bar.disable:
            total, left = work.units + work.left, f"{lasting(work.seconds_left)} left"
            name = self._named(task.endpoint.name)
            self._bar.update(self._task, completed=work.units, total=total, left=left, description=name)
        elif self._clock() - self._said >= LINE_SECONDS:
            self._said = self._clock()
            total = work.units + work.left
            note(f"{work.units} of {total} units, about {lasting(work.seconds_left)} left")

    def _named(self, what: str) -> str:
        return f"{self._name}{what}"[:_NAME].ljust(_NAME)


def lasting(seconds: float) -> str:
    """Return how long something lasts, as a person says it."""
    if seconds < 100:  # noqa: PLR2004 - up to there, seconds say more
        return f"{round(seconds)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"  # noqa: PLR2004 - as above
