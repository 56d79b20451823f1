"""What is not worth asking for any more in a run: after failures in a row, or one that every call would meet."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from sources.rest.errors import (
    ApiError,
    MaintenanceError,
    MissingScopeError,
    RateLimitedError,
    RedirectError,
    RequestRejectedError,
    SlowAnswerError,
    UnauthorizedError,
    UnavailableError,
    UnconnectedError,
    UnexpectedBodyError,
    UnreachableError,
)
from sources.rest.reading.answers import Failure
from sources.rest.reading.tasks import Task

FATAL: Final = (UnauthorizedError, RateLimitedError, MaintenanceError, UnconnectedError, RedirectError)
"""Errors that every further call would meet too."""


SILENT: Final = (UnreachableError, SlowAnswerError)
"""Errors of a server that may have gone away; a single window may meet them too."""

SILENCES: Final = 5
"""Of these in a row, whatever was asked for, after which the server counts as gone."""

SAME_WAY: Final = 4
"""Windows that are rejected alike, before anything was answered, after which nothing else is worth asking for."""

PATIENCE: Final[Mapping[type[ApiError], int]] = {
    RequestRejectedError: 1,
    MissingScopeError: 1,
    UnavailableError: 2,
    UnreachableError: 2,
    ApiError: 5,
}
"""Failures in a row after which a variant of an endpoint is left alone in this run; the first match counts."""


class CircuitBreaker:
    """Decides, failure by failure, what is not worth asking for any more in this run.

    Attributes:
        stopped: an error that every further call would meet too.
        missing: scope that the key lacks -> resources that are left out.
        failed_before: people whose details earlier runs could not read: that they fail again says nothing new.
    """

    def __init__(self) -> None:
        self.stopped: ApiError | None = None
        self.missing: dict[str, set[str]] = {}
        self.failed_before: frozenset[str] = frozenset()
        self._in_a_row: Counter[str] = Counter()
        self._silences = 0
        self._ways: Counter[type[ApiError]] = Counter()
        self._left_alone: set[str] = set()
        self._answered: set[str] = set()

    def skips(self, task: Task) -> bool:
        """Whether a task shall not be asked for."""
        return self.stopped is not None or task.endpoint.scope in self.missing or _name(task) in self._left_alone

    def leaves_alone(self, task: Task) -> bool:
        """Whether only failures of its own variant keep a task from being asked for."""
        mine = _name(task) in self._left_alone
        return mine and self.stopped is None and task.endpoint.scope not in self.missing

    def give_chance(self, task: Task) -> None:
        """Let one more task of a variant be asked for, elsewhere; if it fails, the variant is left alone again."""
        name = _name(task)
        self._left_alone.discard(name)
        self._in_a_row[name] = max(PATIENCE.values())

    def succeeded(self, task: Task) -> None:
        """Forget earlier failures of a variant of an endpoint."""
        self._in_a_row[_name(task)] = 0
        self._answered.add(_name(task))
        self._silences = 0

    def is_of_one_person(self, failure: Failure) -> bool:
        """Whether the reason lies in the person whose details were asked for; of several in a row, it does not."""
        name, error = _name(failure.task), failure.error
        kinds: tuple[type[ApiError], ...] = (RequestRejectedError, UnexpectedBodyError)
        if name in self._answered:  # so that the key has the scope
            kinds += (MissingScopeError,)
        if not failure.task.parent or self.stopped or error.ends_run or not isinstance(error, kinds):
            return False
        if failure.task.parent in self.failed_before:
            return True
        if self._in_a_row[name] + 1 >= PATIENCE[ApiError]:
            return False
        self._in_a_row[name] += 1
        return True

    def failed(self, failure: Failure) -> None:
        """Count a failure."""
        name, error = _name(failure.task), failure.error
        # a server that has answered is where it belongs: a single day that leads elsewhere costs that day
        is_elsewhere = isinstance(error, RedirectError) and bool(self._answered)
        if (isinstance(error, FATAL) and not is_elsewhere) or error.ends_run:
            self.stopped = self.stopped or error
        self._silences = self._silences + 1 if isinstance(error, SILENT) else 0
        self._ways[type(error)] += 1
        if self._silences >= SILENCES or self._rejects_all(error):
            self.stopped = self.stopped or error
        endpoint = failure.task.endpoint
        # what has an address per variant may be hidden at one of them and open at another
        if isinstance(error, MissingScopeError) and endpoint.scope and not endpoint.path_params:
            self.lacks(failure.task)
        self._in_a_row[name] += 1
        if self._in_a_row[name] >= next(count for kind, count in PATIENCE.items() if isinstance(error, kind)):
            self._left_alone.add(name)

    def _rejects_all(self, error: ApiError) -> bool:
        alike = not self._answered and len(self._ways) == 1 and isinstance(error, RequestRejectedError)
        return alike and self._ways.total() >= SAME_WAY

    def lacks(self, task: Task) -> None:
        """Note that a resource is left out because the key lacks its scope."""
        self.missing.setdefault(task.endpoint.scope or "", set()).add(task.endpoint.name)


def _name(task: Task) -> str:
    return f"{task.endpoint.name} {task.variant_text}"
