"""How much of a run is done and how much is left, in units of the rate limit and in seconds."""

import time
from collections.abc import Callable, Iterable
from typing import Protocol

from sources.rest.calling.budget import Budget
from sources.rest.calling.session import Session
from sources.rest.reading.tasks import Task


class Watcher(Protocol):
    """Whoever wants to see a run go on."""

    def opened(self, session: Session) -> None:
        """Told once, when the way to the API is open: from now on a run may wait for it."""

    def begin(self, work: "Work") -> None:
        """Told once, when it is planned what there is to do."""

    def see(self, work: "Work", task: Task) -> None:
        """Told of each task that is done with."""


class Work:
    """What a run has to do: what is planned, and what turns out to be needed besides.

    Units are those that a task is planned to cost. Of a list over many pages they count as they are spent.

    Attributes:
        windows: tasks that are done with.
        done: units of these.
        expected: units that checks which do not add up will need besides, as earlier runs went.

    Args:
        budget: knows how fast units may be spent.
        watcher: sees it go on.
        clock: monotonic seconds.
    """

    def __init__(
        self, budget: Budget, watcher: Watcher | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.windows = 0
        self.done = 0
        self._budget = budget
        self._watcher = watcher
        self._clock = clock
        self._began = clock()
        self._spent_before = budget.spent
        self._open: dict[Task, int] = {}
        self._open_units = self._open_lists = 0
        self.expected = 0
        self._commits: list[float] = []

    def plan(self, tasks: Iterable[Task], expected: int = 0) -> None:
        """Begin with what is planned.

        Args:
            tasks: what is planned.
            expected: units that checks which do not add up are expected to need, as earlier runs went.
        """
        self.find(tasks)
        self.expected = expected
        self._began, self._spent_before = self._clock(), self._budget.spent
        if self._watcher:
            self._watcher.begin(self)

    def find(self, tasks: Iterable[Task]) -> None:
        """Note what is going to be asked, whether it was planned or not."""
        for task in tasks:
            if task not in self._open:
                self._open[task] = units = _units(task)
                self._count(task, units)
                self.expected = max(0, self.expected - units)

    def end(self, task: Task) -> None:
        """Note that a task is done with."""
        self.windows += 1
        units = self._open.pop(task, 0)
        self._count(task, -units)
        self.done += units
        if self._watcher:
            self._watcher.see(self, task)

    def committed(self, seconds: float) -> None:
        """Note how long it took to load what was read into the destination."""
        self._commits.append(seconds)

    def settle(self) -> None:
        """Note that every check has come to its end, so that nothing more is to be expected of them."""
        self.expected = 0

    @property
    def open_windows(self) -> int:
        """Tasks that are known and not done with."""
        return len(self._open)

    @property
    def units(self) -> int:
        """Units done, those of pages that are read of an unfinished list included."""
        return self.done + self._pages_read

    @property
    def left(self) -> int:
        """Units that are left, as far as anybody knows."""
        return self._open_units - self._pages_read + self.expected

    @property
    def seconds_left(self) -> float:
        """Seconds that the rest takes: as the rate limit has it, or longer, if the run has been slower than that.

        What is loaded while units come back costs no time of its own, but for the last slice and the end of the run.
        How long that takes where nobody else is waited for, the quickest one so far says.
        """
        spent, elapsed = self._budget.spent - self._spent_before, self._clock() - self._began
        as_before = self.left * elapsed / spent if spent else 0.0
        quickest = min(self._commits, default=0.0)
        return max(self._budget.seconds_until(self.left), as_before) + quickest * (2 if self.left else 1)

    @property
    def _pages_read(self) -> int:
        """Units spent on lists over many pages that are not read to their end."""
        return max(0, min(self._open_lists, self._budget.spent - self._spent_before - self.done))

    def _count(self, task: Task, units: int) -> None:
        self._open_units += units
        self._open_lists += units if task.paged else 0


def _units(task: Task) -> int:
    """Units of a task; those that ask for ids first, or for many, are known only once they are asked."""
    return task.endpoint.units * (1 if task.endpoint.for_each else task.calls)
