"""A progress bar on a terminal."""

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich import progress

from pipelines.telling.console import err

if TYPE_CHECKING:
    from sources.rest.reading.tasks import Task


class Progress:
    """A progress bar on a terminal; elsewhere nothing, so that the mails of cron stay short."""

    def __init__(self) -> None:
        self._bar = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(),
            progress.MofNCompleteColumn(),
            progress.TextColumn("windows, {task.fields[units]} units,"),
            progress.TimeRemainingColumn(),
            progress.TextColumn("left"),
            console=err,
            transient=True,
            disable=not sys.stderr.isatty(),
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
    """

    def __init__(self, bar: progress.Progress, profile: str) -> None:
        self._bar = bar
        self._name = f"{profile}: " if profile else ""
        self._task = progress.TaskID(0)

    def start(self, tasks: int, units: int) -> None:
        """Say what is planned."""
        self._task = self._bar.add_task(f"{self._name}loading", total=tasks, units=0)
        if self._bar.disable:
            err.print(f"{self._name}{tasks} windows to load, at least {units} units")

    def step(self, task: "Task", units: int) -> None:
        """Move on."""
        self._bar.update(self._task, advance=1, description=f"{self._name}{task.endpoint.name}", units=units)
