"""What is said of a run: its outcome, and the history rows that go with the next slice."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from importlib.metadata import version
from typing import Any
from uuid import uuid4

import pendulum
import pyarrow.compute as pc

from pipelines.planning.learned import learned
from pipelines.planning.server_behaviour import ServerBehaviour
from pipelines.proving.changes import Change
from pipelines.running.exit_codes import ExitCode
from pipelines.running.outcome import Outcome
from pipelines.sql.runs import RUNS
from pipelines.storing.history import KILLED, RESTATEMENTS, RUNNING, RestatementRow, RunRow, WindowRow
from sources.rest.calling.session import Session
from sources.rest.catalogue.columns import DELETED
from sources.rest.errors import ApiError
from sources.rest.reading.answers import Answer, Failure
from sources.rest.reading.tasks import Task


class Journal:
    """Keeps the outcome of a run, its row of `sync_runs`, and the rows of other tables that are not committed yet.

    Attributes:
        run_id: id of the run.
        outcome: what happened so far.
        unsettled: tasks of variants that were not looked at whole; their numbers may be older than today's.

    Args:
        session: counts what is spent.
        profile: tells whose rows are loaded, as soon as that is known.
        command: what the run is of, such as `sync`.
    """

    def __init__(self, session: Session, profile: Callable[[], str | None], command: str) -> None:
        self.run_id = uuid4().hex
        self.outcome = Outcome(units=session.units)
        self._session = session
        self._profile = profile
        self._command = command
        self._started_at = pendulum.now("UTC")
        self._ended: tuple[datetime, ExitCode] | None = None
        self._spent_before = (0, 0, 0)
        self._killed: list[RunRow] = []
        self.unsettled: list[Task] = []
        self._windows: list[WindowRow] = []
        self._spoken_of: dict[tuple[str, str, str], WindowRow] = {}
        self._restated: list[RestatementRow] = []

    @property
    def ended(self) -> bool:
        """The run has come to its end."""
        return self._ended is not None

    def found(self, unfinished: Iterable[RunRow]) -> None:
        """Note that earlier runs have not come to their end, and never will."""
        self._killed += [replace(run, outcome=KILLED) for run in unfinished]

    def begin(self, spent_before: tuple[int, int, int]) -> None:
        """Begin to load; what was spent on another dataset does not count.

        Args:
            spent_before: units, calls and retries.
        """
        self._started_at, self._spent_before = pendulum.now("UTC"), spent_before

    def end(self, code: ExitCode) -> None:
        """Note that the run has come to its end; its row says so with the next commit."""
        self._ended = pendulum.now("UTC"), code

    def answered(self, answer: Answer) -> None:
        """Note that a task was answered."""
        self._note(
            answer.task,
            rows=answer.rows,
            truncated=answer.truncated,
            request_id=answer.request_id,
            part=answer.is_part,
        )

    def failed(self, failure: Failure) -> None:
        """Note that a task gave no rows."""
        self._note(
            failure.task,
            error=failure.error,
            request_id=failure.error.request_id,
            part=bool(failure.task.after),
        )

    def changed(self, changes: Iterable[Change]) -> None:
        """Note that loaded values have others now."""
        seen_at = pendulum.now("UTC")
        for change in changes:
            self.outcome.changes.append(change)
            self._restated.append(
                RestatementRow(
                    run_id=self.run_id,
                    resource=change.task.endpoint.name,
                    variant=change.task.variant_text,
                    date=change.date,
                    dimension_value=change.key,
                    metric=change.metric,
                    old_value=change.old,
                    new_value=change.new,
                    seen_at=seen_at,
                )
            )

    def loaded(self, answers: Sequence[Answer]) -> None:
        """Count the rows of answers that go into the next package; what is stored already is not loaded again."""
        for answer in answers:
            for table, rows in answer.tables.items():
                self.outcome.rows[table] += len(rows) - pc.sum(rows[DELETED], min_count=0).as_py()

    def kept(self, answers: Sequence[Answer]) -> None:
        """Count answers whose windows are loaded from now on as the API says, whether they were before or not."""
        outcome = self.outcome
        for answer in answers:
            name = answer.task.endpoint.name
            outcome.windows[name] += not answer.more
            outcome.dropped_fields |= {(name, field) for field in answer.dropped_fields}
            outcome.fractions |= answer.fractions
            outcome.truncated += [answer.task] if answer.truncated else []
            outcome.empty += [answer.task] if answer.empty else []

    def learned(self, check: Task, before: ServerBehaviour, now: ServerBehaviour, advice: str) -> None:
        """Say what a check has found out about the server, where it is news.

        Args:
            check: the range that was checked.
            before: what was known until then.
            now: what is known.
            advice: what a user can look at where a metric does not add up.
        """
        self.outcome.notes += learned(check.endpoint, check.variant_text, before, now, advice)

    def take_runs(self) -> tuple[RunRow, list[RunRow]]:
        """Return the row of the run as it is now, and those of killed ones that were found since the last time."""
        killed, self._killed = self._killed, []
        return self._run_row(), killed

    def take_rows(self, *, restatements: bool) -> Mapping[str, Sequence[Any]]:
        """Return what was noted since the last time, by table.

        Args:
            restatements: differences are restatements, and not only looked at.
        """
        own, killed = self.take_runs()
        windows, restated = self._windows, self._restated if restatements else []
        self._windows, self._restated = [], []
        profile = self._profile()
        return {
            RUNS: [*killed, own],
            "sync_windows": [replace(one, profile_id=profile) for one in windows],
            RESTATEMENTS: [replace(one, profile_id=profile) for one in restated],
        }

    def _run_row(self) -> RunRow:
        outcome, session = self.outcome, self._session
        units, calls, retries = (now - before for now, before in zip(session.spent, self._spent_before, strict=True))
        ended_at, code = self._ended or (None, None)
        return RunRow(
            run_id=self.run_id,
            profile_id=self._profile(),
            started_at=self._started_at,
            ended_at=ended_at,
            outcome=RUNNING if code is None else code.name.lower(),
            exit_code=code,
            windows=outcome.windows.total(),
            row_count=outcome.rows.total(),
            units=units,
            calls=calls,
            retries=retries,
            failed=len(outcome.failures),
            skipped=len(outcome.skipped),
            version=version("elt-connectors"),
            command=self._command,
        )

    def _note(
        self,
        task: Task,
        *,
        rows: int | None = None,
        truncated: bool = False,
        error: ApiError | None = None,
        request_id: str | None,
        part: bool,
    ) -> None:
        row = WindowRow(
            run_id=self.run_id,
            resource=task.endpoint.name,
            variant=task.variant_text,
            date_range=str(task.window or ""),
            date_from=task.window.start if task.window else None,
            date_to=task.window.end if task.window else None,
            reason=task.reason,
            row_count=rows,
            truncated=truncated,
            error=type(error).__name__ if error else None,
            request_id=request_id,
            read_at=pendulum.now("UTC"),
        )
        if task.parent or part:  # people are not told apart here, nor parts of a list: one row speaks of all of them
            one = row.resource, row.variant, row.date_range
            before = self._spoken_of.get(one)
            row = self._spoken_of[one] = row.after(before)
            self._windows = [one for one in self._windows if one is not before]
        self._windows.append(row)
