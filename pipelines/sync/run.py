"""Running a plan: read a slice, commit it, go on; a failing window costs only itself."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Final

import dlt
from dlt.extract import DltResource
from pendulum import Date

from pipelines.exit_codes import ExitCode, exit_code
from pipelines.sync.plan import slices
from sources.rest.catalogue import DELETED
from sources.rest.coverage import STATE_KEY, Coverage
from sources.rest.errors import (
    ApiError,
    MissingScopeError,
    RateLimitedError,
    RedirectError,
    RequestRejectedError,
    UnauthorizedError,
    UnavailableError,
    UnreachableError,
)
from sources.rest.reader import Answer, Failure, Reader
from sources.rest.resources import learned_from, loaded_tables
from sources.rest.tables import NOTHING_LEARNED, Learned
from sources.rest.tasks import Task
from sources.rest.windows import Grain

FATAL: Final = (UnauthorizedError, RateLimitedError, UnreachableError, RedirectError)
"""Errors that every further call would meet too."""

PATIENCE: Final[Mapping[type[ApiError], int]] = {
    RequestRejectedError: 1,
    MissingScopeError: 1,
    UnavailableError: 2,
    ApiError: 5,
}
"""Failures in a row after which an endpoint is left alone for the rest of the run; the first match counts."""


@dataclass
class Outcome:
    """What a run did.

    Attributes:
        rows: rows loaded, by table.
        windows: windows loaded, by endpoint.
        failures: tasks that gave no rows; they are asked for again by the next run.
        skipped: tasks that were not asked for, because of failures before them.
        truncated: tasks whose list was cut off by the API.
        unknown: table and field of what neither the catalogue nor the destination knew.
        stopped: the error that ended the run early.
        units: units spent, by endpoint.
    """

    rows: Counter[str] = field(default_factory=Counter)
    windows: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    skipped: list[Task] = field(default_factory=list)
    truncated: list[Task] = field(default_factory=list)
    unknown: set[tuple[str, str]] = field(default_factory=set)
    stopped: ApiError | None = None
    units: Mapping[str, int] = field(default_factory=dict)

    @property
    def exit_code(self) -> ExitCode:
        """The code that needs a person most."""
        return max((exit_code(failure.error) for failure in self.failures), default=ExitCode.DONE)


class Run:
    """One run of a plan into one pipeline.

    Args:
        pipeline: where rows go.
        reader: where they come from.
        coverage: ledger of what is loaded; it grows with each committed slice.
        grain: length of the windows of aggregate rows.
        today: the day that is still changing.
        in_flight: calls at once.
        slice_units: units after which rows are committed.
    """

    def __init__(
        self,
        pipeline: dlt.Pipeline,
        reader: Reader,
        coverage: Coverage,
        *,
        grain: Grain,
        today: Date,
        in_flight: int,
        slice_units: int,
    ) -> None:
        self.outcome = Outcome(units=reader.session.units)
        self._pipeline = pipeline
        self._reader = reader
        self._coverage = coverage
        self._grain = grain
        self._today = today
        self._in_flight = in_flight
        self._slice_units = slice_units
        self._learned_before = self._learned()
        self._failed_in_a_row: Counter[str] = Counter()
        self._left_alone: set[str] = set()

    def execute(
        self,
        tasks: list[Task],
        *,
        beside: Callable[[], Iterable[DltResource]] = tuple,
        progress: Callable[[Task], None] = lambda _: None,
    ) -> Outcome:
        """Read and commit every task that can be; return what happened.

        Args:
            tasks: the plan.
            beside: further tables for the first slice.
            progress: told of each task that is done with.
        """
        for group in slices(tasks, self._slice_units):
            self._reader.learned = self._learned()
            answers: list[Answer] = []
            for result in self._reader.read_all(group, skip=self._skipped, in_flight=self._in_flight):
                progress(result.task)
                if isinstance(result, Failure):
                    self._note_failure(result)
                else:
                    self._failed_in_a_row[result.task.endpoint.name] = 0
                    answers.append(result)
            if answers:
                self._load(answers, () if self.outcome.windows else beside())
        return self.outcome

    def _learned(self) -> Learned:
        return learned_from(self._pipeline.default_schema) if self._pipeline.default_schema_name else NOTHING_LEARNED

    def _skipped(self, task: Task) -> bool:
        skip = self.outcome.stopped is not None or task.endpoint.name in self._left_alone
        if skip:
            self.outcome.skipped.append(task)
        return skip

    def _note_failure(self, failure: Failure) -> None:
        name, error = failure.task.endpoint.name, failure.error
        self.outcome.failures.append(failure)
        if isinstance(error, FATAL):
            self.outcome.stopped = self.outcome.stopped or error
        self._failed_in_a_row[name] += 1
        patience = next(count for kind, count in PATIENCE.items() if isinstance(error, kind))
        if self._failed_in_a_row[name] >= patience:
            self._left_alone.add(name)

    def _load(self, answers: list[Answer], beside: Iterable[DltResource]) -> None:
        """Commit answers and the ledger that speaks of them in one load package."""
        for answer in answers:
            self._coverage.add(answer.task, self._grain, self._today)
        state = self._coverage.to_state()

        def ledger() -> Iterable[None]:
            dlt.current.source_state()[STATE_KEY] = state
            return ()

        name = self._pipeline.pipeline_name

        @dlt.source(name=name, section=name, max_table_nesting=0)
        def one_slice() -> list[DltResource]:
            ordered = sorted(answers, key=lambda answer: answer.task.endpoint.name)
            tables = [
                table
                for _, group in groupby(ordered, key=lambda answer: answer.task.endpoint)
                for table in _tables_of(list(group))
            ]
            return [*tables, *beside, dlt.resource(ledger, name="ledger")]

        self._pipeline.run(one_slice())
        for answer in answers:
            self._note_answer(answer)

    def _note_answer(self, answer: Answer) -> None:
        outcome = self.outcome
        outcome.windows[answer.task.endpoint.name] += 1
        outcome.unknown |= {
            (table, name) for table, name in answer.unknown if name not in self._learned_before.of(table)
        }
        if answer.truncated:
            outcome.truncated.append(answer.task)
        for table, rows in answer.tables.items():
            outcome.rows[table] += rows[DELETED].null_count


def _tables_of(answers: list[Answer]) -> list[DltResource]:
    return loaded_tables(answers[0].task.endpoint, answers)
