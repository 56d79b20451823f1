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
        self._task = progress.TaskID(0)

    def __enter__(self) -> Self:
        """Draw the bar."""
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take it away."""
        self._bar.stop()

    def start(self, tasks: int, units: int) -> None:
        """Say what is planned."""
        self._task = self._bar.add_task("loading", total=tasks, units=0)
        if self._bar.disable:
            err.print(f"{tasks} windows to load, at least {units} units")

    def step(self, task: "Task", units: int) -> None:
        """Move on."""
        self._bar.update(self._task, advance=1, description=task.endpoint.name, units=units)
