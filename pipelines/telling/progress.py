"""How far a run is: a bar on a terminal, a line a minute in a log, whatever the run waits for."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import copy_context
from datetime import datetime, timedelta
from threading import Event, Thread
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

from rich import progress

from pipelines.telling.console import err
from pipelines.telling.log import STREAM, detail, note

if TYPE_CHECKING:
    from pipelines.running.work import Work
    from sources.rest.calling.session import Session
    from sources.rest.reading.tasks import Task

LINE_SECONDS: Final = 60.0
"""Time between two lines of a log."""

LOOK_SECONDS: Final = 1.0
"""Time between two looks at the clock."""

_NAME: Final = 28
"""Columns of the name of what is read; with the rest of a bar that makes less than 80."""


class Progress:
    """A bar on a terminal for each profile; elsewhere a line a minute."""

    def __init__(self) -> None:
        self._bar = progress.Progress(
            progress.TextColumn("{task.description}"),
            progress.BarColumn(bar_width=16),
            progress.TextColumn("{task.completed:>5}/{task.fields[of]} units, {task.fields[left]}"),
            console=err,
            transient=True,
            disable=not STREAM.for_a_person,
        )
        self._profiles: list[ProfileProgress] = []
        self._over = Event()
        self._clock = Thread(target=self._tell, name="progress", daemon=True)

    def __enter__(self) -> Self:
        """Draw the bar, and begin to look at the clock."""
        self._bar.start()
        self._clock.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take it away."""
        self._over.set()
        self._clock.join()
        self._bar.stop()

    @contextmanager
    def of(self, profile: str) -> Iterator["ProfileProgress"]:
        """Say how far a profile is, as long as it is at work; it has a bar of its own."""
        made = ProfileProgress(self._bar, profile)
        self._profiles.append(made)
        try:
            yield made
        finally:
            self._profiles.remove(made)
            made.end()

    def _tell(self) -> None:
        """Let each profile say what there is to say, also while its own thread waits."""
        while not self._over.wait(LOOK_SECONDS):
            for one in list(self._profiles):
                one.look()


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
        self._session: Session | None = None
        self._work: Work | None = None
        self._whose = copy_context()

    def opened(self, session: "Session") -> None:
        """Take note of what may have to be waited for."""
        self._session = session

    def begin(self, work: "Work") -> None:
        """Say what is planned."""
        self._said = self._clock()
        self._work = work
        self._task = self._bar.add_task(self._named("loading"), total=work.left, left="", of=work.left)
        if self._bar.disable:
            usual = f", about {work.left} as earlier runs went" if work.expected else ""
            note(f"{work.open_windows} windows to load, at least {work.left - work.expected} units{usual}")

    def see(self, work: "Work", task: "Task") -> None:
        """Move on."""
        detail(f"{task}: read, because {task.reason or 'it is needed'}")
        if not self._bar.disable:
            self._bar.update(self._task, description=self._named(task.endpoint.name), **_drawn(work))

    def look(self) -> None:
        """Say how far it is and what it waits for, if it is time for that; from a thread that waits for nothing."""
        if self._bar.disable and self._clock() - self._said >= LINE_SECONDS:
            self._said = self._clock()
            self._whose.run(note, f"{_counted(self._work)}; {_awaited(self._session)}")
        elif self._work and not self._bar.disable:
            self._bar.update(self._task, **_drawn(self._work))

    def end(self) -> None:
        """Say that it is over: the bars of other profiles may go on."""
        if self._work and not self._bar.disable:
            self._bar.update(self._task, description=self._named("done"), left="0 s left")

    def _named(self, what: str) -> str:
        return f"{self._name}{what}"[:_NAME].ljust(_NAME)


def _drawn(work: "Work") -> dict[str, Any]:
    total, seconds, more = work.units + work.left, work.seconds_left, bool(work.unsized)
    left = "more" if more and seconds < 1 else f"{lasting(seconds)}{'+' if more else ''}"
    return {"completed": work.units, "total": total, "of": f"{total}{'+' if more else ''}", "left": f"{left} left"}


def _counted(work: "Work | None") -> str:
    if work is None:
        return "nothing is planned yet"
    total, seconds, unsized = work.units + work.left, work.seconds_left, work.unsized
    if not unsized:
        return f"{work.units} of {total} units, about {lasting(seconds)} left"
    left = "" if seconds < 1 else f", at least {lasting(seconds)} left"
    return f"{work.units} of at least {total} units (those of {', '.join(unsized)} are not known yet){left}"


def _awaited(session: "Session | None") -> str:
    waiting = session.waiting() if session else None
    if waiting is None:
        return "at work on the destination, or waiting for it"
    until = datetime.now().astimezone() + timedelta(seconds=max(0.0, waiting.seconds))
    return f"waits {waiting.what} until {until:%H:%M:%S}"


def lasting(seconds: float) -> str:
    """Return how long something lasts, as a person says it."""
    if seconds < 100:  # noqa: PLR2004 - up to there, seconds say more
        return f"{round(seconds)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"  # noqa: PLR2004 - as above
