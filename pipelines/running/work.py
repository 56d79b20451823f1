"""How much of a run is done and how much is left, in units of the rate limit and in seconds."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Final, Protocol, TypeVar

from sources.rest.calling.budget import Budget
from sources.rest.calling.session import Session
from sources.rest.reading.tasks import Task

T = TypeVar("T")

SLICES: Final = 3
"""Latest slices that say how long the destination takes for the next ones: how many wait for one file changes."""


HISTORY_TABLES: Final = 3
"""Tables of the run's history, which go with every load."""

USUAL_TABLES: Final = 6
"""Tables of a usual load: half of them bring little more than the history."""


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
        slice_units: units after which what was read is loaded.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        budget: Budget,
        watcher: Watcher | None = None,
        *,
        slice_units: int,
        clock: Callable[[], float] = time.monotonic,
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
        self._slice_units = slice_units
        self._usual_load = 0.0
        self._reading = self._idle_before = 0.0
        self._waited_before = budget.waited
        self._slices: list[float] = []
        self._loaded = 0
        self._is_loading = self._last = False
        self._tables = 0
        self._read = set[str]()
        self._to_come = set[str]()

    def plan(
        self,
        tasks: Iterable[Task],
        expected: int = 0,
        *,
        usual_load: float = 0.0,
        to_come: Iterable[str] = (),
    ) -> None:
        """Begin with what is planned.

        Args:
            tasks: what is planned.
            expected: units that checks which do not add up are expected to need, as earlier runs went.
            usual_load: seconds that a load into the destination takes, as earlier runs went.
            to_come: endpoints whose tasks are found only once others are loaded.
        """
        self.find(tasks)
        self._to_come |= {*to_come}
        self.expected = expected
        self._usual_load = usual_load
        self._began, self._spent_before, self._waited_before = self._clock(), self._budget.spent, self._budget.waited
        if self._watcher:
            self._watcher.begin(self)

    def find(self, tasks: Iterable[Task], *, all_of: str = "") -> None:
        """Note what is going to be asked, planned or not; it may be all that is asked of an endpoint."""
        self._to_come.discard(all_of)
        for task in tasks:
            if task not in self._open:
                self._open[task] = units = _units(task)
                self._count(task, units)
                self._budget.want(units)
                self.expected = max(0, self.expected - units)

    def end(self, task: Task) -> None:
        """Note that a task is done with."""
        self.windows += 1
        self._read.add(task.endpoint.name)
        units = self._open.pop(task, 0)
        self._count(task, -units)
        self.done += units
        if self._watcher:
            self._watcher.see(self, task)

    def reading(self, results: Iterator[T]) -> T | None:
        """Return the next result, None after the last one; what passes meanwhile is no time of the destination's."""
        began = self._clock()
        found = next(results, None)
        self._reading += self._clock() - began
        return found

    @contextmanager
    def loading(self, tables: int, *, last: bool = False) -> Iterator[None]:
        """Note that what was read is loaded meanwhile.

        Args:
            tables: how many hold it, besides those of the run's history.
            last: it is what is loaded when a run ends.
        """
        self._is_loading, self._last, self._tables = True, last, tables
        yield
        self._is_loading = False
        self._slices.append(self._at_destination / (tables + HISTORY_TABLES))
        self._idle_before = self._elapsed - self._reading
        self._loaded = self.units
        self._read.clear()

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
    def unsized(self) -> list[str]:
        """Endpoints of which nobody knows yet how many units they need, so that more may be left than is told."""
        outgrown = 0 < self._open_lists <= self._pages_read
        lists = {task.endpoint.name for task in self._seen if task.paged and (outgrown or task.pages_most is None)}
        ids = {task.endpoint.name for task in self._seen if task.endpoint.for_each}
        return sorted(self._to_come | lists | ids)

    @property
    def seconds_left(self) -> float:
        """Seconds that the rest takes: slices are read and loaded in turn, none sooner than the rate limit has it.

        For each table of a slice the destination takes as long as it did for those of the last ones, others at the same
        file that were waited for included; before the first one, as long as in earlier runs.
        """
        end = self._seconds_for(0)
        if self._last:
            return max(0.0, end - self._at_destination)
        names = {task.endpoint.name for task in self._seen}
        each = self._seconds_for(len(names) or 1)
        under_way = self._seconds_for(self._tables if self._is_loading else len(names | self._read) or 1)
        spent = self._budget.spent - self._spent_before
        calling = max(0.0, self._reading - (self._budget.waited - self._waited_before)) / max(1, spent)
        moment, read, load = 0.0, 0, max(0.0, under_way - self._at_destination)
        is_loaded = not self._is_loading and self.units == self._loaded
        room = 0 if self._is_loading else max(0, self._slice_units - self.units + self._loaded)
        while read < self.left or not is_loaded:
            part = min(room, self.left - read)
            read += part
            moment = max(moment + part * calling, self._budget.seconds_until(read)) + load
            room, load, is_loaded = self._slice_units, each, True
        return moment + end

    def _seconds_for(self, tables: int) -> float:
        """Seconds of the destination for a slice with so many tables; a load under way says already that it is slow."""
        each = median(self._slices[-SLICES:] or [self._usual_load / USUAL_TABLES])
        if self._is_loading:
            each = max(each, self._at_destination / (self._tables + HISTORY_TABLES))
        return (tables + HISTORY_TABLES) * each

    @property
    def _seen(self) -> tuple[Task, ...]:
        """Tasks that are not done with, as they are at once: who watches looks from another thread."""
        return tuple(self._open)

    @property
    def _elapsed(self) -> float:
        return self._clock() - self._began

    @property
    def _at_destination(self) -> float:
        """Seconds since the last load that were spent neither on calls nor on waiting for them."""
        return self._elapsed - self._reading - self._idle_before

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
